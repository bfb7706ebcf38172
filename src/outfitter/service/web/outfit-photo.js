// <outfit-photo src="look.jpg" photo="ID" catalogue="https://api.shop.example" token="oft_…"></outfit-photo>
// <outfit-photo src="look.jpg" photo="ID" catalogue="looks.json"></outfit-photo>      written by `outfitter looks export`
//
// An outfit photo whose garments can be bought. No framework, no other file, nothing inline: works under a strict CSP.
// photo: the look's id; left out, the look is found by src. Themes: the --outfit-… variables below.
// events="https://api.shop.example": where clicks are told, with the token; by default the catalogue, if it is an API.
// Events, all bubbling: outfit-ready, outfit-open, outfit-product (cancel it to handle the click yourself), outfit-error.
"use strict";
(() => {
  if (customElements.get("outfit-photo")) return;

  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    :host { --_paper: var(--outfit-paper, #fff); --_ink: var(--outfit-ink, #1d1a16); --_soft: var(--outfit-soft, #655f55);
      --_rule: var(--outfit-rule, #e3ddd2); --_accent: var(--outfit-accent, #9a4529); --_tile: var(--outfit-tile, #f3f0ea);
      --_radius: var(--outfit-radius, 8px);
      display: block; color: var(--_ink); font: var(--outfit-font, 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif); }
    @media (prefers-color-scheme: dark) { :host { --_paper: var(--outfit-paper, #1d1b18); --_ink: var(--outfit-ink, #efeae1);
      --_soft: var(--outfit-soft, #b3ab9e); --_rule: var(--outfit-rule, #3a352e); --_accent: var(--outfit-accent, #e59a78); --_tile: var(--outfit-tile, #eae6df); } }
    :host([hidden]) { display: none; }
    * { box-sizing: border-box; margin: 0; }
    button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; text-align: left; }
    a { color: inherit; text-decoration: none; }
    .stage { position: relative; border-radius: var(--_radius); overflow: hidden; background: var(--_tile); }
    .stage > img { display: block; width: 100%; height: auto; }
    .spot { position: absolute; border-radius: 6px; touch-action: manipulation; min-width: 24px; min-height: 24px; }
    .spot i { position: absolute; left: 50%; top: 50%; width: 20px; height: 20px; margin: -10px; border-radius: 50%; background: #fff;
      border: 5px solid #1d1a16; box-shadow: 0 0 0 2px #fff, 0 1px 8px #0007; transition: transform .18s; }
    .spot:hover, .spot[aria-expanded=true] { box-shadow: inset 0 0 0 2px #fff, inset 0 0 0 4px #1d1a1659; }
    .spot:hover i, .spot[aria-expanded=true] i { transform: scale(1.25); border-color: var(--_accent); }
    .spot:focus-visible { outline: 3px solid #fff; outline-offset: -4px; box-shadow: 0 0 0 3px var(--_accent); }
    .tip { position: absolute; z-index: 9000; left: 8px; right: 8px; bottom: 8px; max-width: 340px; margin-inline: auto; padding: .5rem .75rem; border-radius: 6px;
      background: var(--_paper); box-shadow: 0 2px 14px #0005; pointer-events: none; display: flex; justify-content: space-between; gap: 1rem; }
    .tip.top { top: 8px; bottom: auto; }
    .tip span, h2, h3, .card { overflow-wrap: anywhere; }
    .tip[hidden], .panel[hidden] { display: none; }
    .panel { margin-top: .75rem; padding: 1rem; border-radius: var(--_radius); background: var(--_paper); border: 1px solid var(--_rule); position: relative; }
    h2, h3 { font-size: 1.05em; font-weight: 600; margin-bottom: .6rem; padding-right: 2.5rem; }
    h3 { margin-top: 1.1rem; }
    h2:focus { outline: none; }
    .row { list-style: none; padding: 4px; margin: 0 -4px; display: flex; gap: .8rem; overflow-x: auto; scroll-snap-type: x proximity; scroll-padding-inline: 4px; }
    .row li { flex: 0 0 132px; min-width: 0; scroll-snap-align: start; }
    .card { display: block; width: 100%; }
    button.card { cursor: default; }
    .panel p { color: var(--_soft); }
    .card:focus-visible, .close:focus-visible, .row:focus-visible { outline: 2px solid var(--_accent); outline-offset: 2px; border-radius: 4px; }
    .tile { display: block; background: var(--_tile); border-radius: 5px; aspect-ratio: 4 / 5; overflow: hidden; margin-bottom: .4rem; }
    .tile img { display: block; width: 100%; height: 100%; object-fit: contain; mix-blend-mode: multiply; }
    .card b { display: block; font-weight: 500; line-height: 1.3; }
    .card small { display: block; color: var(--_soft); font-size: .86em; }
    .card small.exact { color: var(--_accent); font-weight: 600; }
    .close { position: absolute; right: .5rem; top: .5rem; width: 40px; height: 40px; border-radius: 50%; text-align: center; font-size: 1.4em; line-height: 38px; }
    .all { container-type: inline-size; }
    @container (min-width: 640px) { .both:has(.panel:not([hidden])) { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 1rem; align-items: start; } .both .panel { margin-top: 0; } }
    @media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
  `);

  // Every text becomes a text node, never HTML: titles come from feeds.
  const make = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.filter(child => child !== null && child !== ""));
    return node;
  };
  const money = ({price, currency}) => {
    if (price === null || price === undefined) return "";
    try { return new Intl.NumberFormat(document.documentElement.lang.replaceAll("_", "-") || undefined, {style: "currency", currency}).format(price); }
    catch { return `${price} ${currency ?? ""}`.trim(); }
  };
  const web = address => { try { return /^https?:$/.test(new URL(address, location.href).protocol) ? address : null; } catch { return null; } };

  // randomUUID is there on https only; getRandomValues always.
  const unique = () => [...crypto.getRandomValues(new Uint8Array(16))].map(byte => byte.toString(16).padStart(2, "0")).join("");
  const visit = () => {  // an id of this tab's visit, of nothing else
    try {
      const known = sessionStorage.getItem("outfit-visit") ?? unique();
      sessionStorage.setItem("outfit-visit", known);
      return known;
    } catch { return unique(); }
  };

  const loading = new Map();  // one request for a static file that many photos share
  const once = address => {
    if (!loading.has(address)) {
      const answer = fetch(address).then(response => response.ok ? response.json() : Promise.reject(new Error(`${address}: ${response.status}`)));
      answer.catch(() => loading.delete(address));
      loading.set(address, answer);
    }
    return loading.get(address);
  };

  class OutfitPhoto extends HTMLElement {
    static observedAttributes = ["src", "photo", "catalogue", "token", "alt"];

    constructor() {
      super();
      this.attachShadow({mode: "open"}).adoptedStyleSheets = [sheet];
    }
    connectedCallback() { this.#start(); }
    attributeChangedCallback() { if (this.isConnected) this.#start(); }
    disconnectedCallback() { this.#pending?.abort(); }

    #pending = null; #queued = false; #open = null; #look = null; #tip = null;

    #start() {  // attributes set one after another are one change
      if (this.#queued) return;
      this.#queued = true;
      queueMicrotask(() => { this.#queued = false; if (this.isConnected) this.#load(); });
    }

    get #static() { return /\.json([?#]|$)/.test(this.getAttribute("catalogue") ?? ""); }
    get #base() { return new URL(this.getAttribute("catalogue") || location.origin, location.href); }
    #link(address) { return new URL(address, this.#base).href; }
    #sized(address, width) { const link = this.#link(address); return this.#static ? link : `${link}&width=${width}`; }
    #headers() { const token = this.getAttribute("token"); return token ? {Authorization: `Bearer ${token}`} : {}; }

    async #load() {
      this.#pending?.abort();
      const pending = this.#pending = new AbortController();
      this.#draw(null);
      try {
        const look = await this.#fetch(pending.signal);
        if (pending.signal.aborted) return;
        this.#draw(look);
        this.#tell("outfit-ready", {look});
      } catch (error) {  // the photo stays a photo
        if (!pending.signal.aborted) this.#tell("outfit-error", {error});
      }
    }

    async #fetch(signal) {
      const src = this.getAttribute("src"), name = this.getAttribute("photo") || src;
      if (this.#static) {
        const all = await once(this.#base.href);
        const look = all.looks[name] ?? all.looks[all.names?.[name]];
        if (!look) throw new Error(`${this.#base.href} has no look ${name}`);
        return look;
      }
      const response = await fetch(this.#link(`/v1/looks/${encodeURIComponent(name)}`), {headers: this.#headers(), signal});
      if (!response.ok) throw new Error((await response.json().catch(() => ({}))).detail ?? `status ${response.status}`);
      return response.json();
    }

    #tell(name, detail) { return this.dispatchEvent(new CustomEvent(name, {detail, bubbles: true, composed: true, cancelable: true})); }

    #draw(look) {
      this.#open = null;
      this.#look = look;
      const root = this.shadowRoot;
      const src = this.getAttribute("src") || (look && this.#sized(look.src, 1200));
      if (!src) return root.replaceChildren();
      const stage = make("div", {class: "stage", part: "stage"});
      const names = look ? look.hotspots.map(spot => spot.name.toLowerCase()).join(", ") : "";
      const alt = this.getAttribute("alt") ?? (names ? `Outfit: ${names}` : "Outfit");
      const image = make("img", {src, alt, part: "photo"});
      if (look) { image.width = look.width; image.height = look.height; }
      stage.append(image);
      const both = make("div", {class: "both"}, stage);
      root.replaceChildren(make("div", {class: "all"}, both));
      if (!look) return;
      const tip = this.#tip = make("div", {class: "tip", part: "tip", hidden: true, "aria-hidden": "true"});
      const panel = make("section", {class: "panel", part: "panel", id: "panel", hidden: true, "aria-labelledby": "heading"});
      for (const spot of look.hotspots) stage.append(this.#spot(spot, look, tip, panel));
      stage.append(tip);
      both.append(panel);
      both.addEventListener("keydown", event => { if (event.key === "Escape" && this.#open) { event.stopPropagation(); this.#close(panel); } });
      document.addEventListener("keydown", event => { if (event.key === "Escape") tip.hidden = true; }, {signal: this.#pending.signal});
    }

    #spot(spot, look, tip, panel) {
      const [x, y, w, h] = spot.box, first = spot.similar[0];
      const says = first ? `${first.exact ? "" : "Like "}${first.title}` : spot.name;
      const label = `${spot.name}: ${[first?.title, first && money(first)].filter(Boolean).join(", ") || "nothing alike"}. Show look-alikes`;
      const hint = () => {
        tip.replaceChildren(make("span", {}, says), make("b", {}, first ? money(first) : ""));
        tip.classList.toggle("top", y + h / 2 > .5);  // never over the whole of its hotspot
        tip.hidden = false;
      };
      const button = make("button", {class: "spot", part: "hotspot", type: "button", "aria-label": label, "aria-expanded": "false", "aria-controls": "panel",
        onpointerenter: event => { if (event.pointerType === "mouse") hint(); }, onpointerleave: () => { tip.hidden = true; },
        onfocus: hint, onblur: () => { tip.hidden = true; },
        onclick: () => this.#open === button ? this.#close(panel) : this.#show(spot, button, look, panel)}, make("i"));
      // Set through the object model, which a strict CSP allows. Smaller garments lie on top, so that each can be reached.
      Object.assign(button.style, {left: `${x * 100}%`, top: `${y * 100}%`, width: `${w * 100}%`, height: `${h * 100}%`, zIndex: Math.round(1e3 * (1 - w * h)) + 1});
      return button;
    }

    #show(spot, button, look, panel) {
      if (this.#open) this.#open.setAttribute("aria-expanded", "false");
      this.#open = button;
      button.setAttribute("aria-expanded", "true");
      const heading = make("h2", {id: "heading", tabindex: "-1"}, spot.name);
      panel.replaceChildren(heading,
        make("button", {class: "close", part: "close", type: "button", "aria-label": "Close", onclick: () => this.#close(panel)}, "×"),
        spot.similar.length ? this.#row(spot.similar, `Like this: ${spot.name}`) : make("p", {}, "Nothing alike at the moment."),
        ...(look.complete.length ? [make("h3", {}, "Complete the look"), this.#row(look.complete, "Complete the look")] : []));
      panel.hidden = false;
      heading.focus({preventScroll: true});
      panel.scrollIntoView({block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth"});
      this.#tell("outfit-open", {spot});
    }

    #close(panel) {
      const from = this.#open;
      panel.hidden = true;
      this.#open = null;
      from?.setAttribute("aria-expanded", "false");
      from?.focus();
      this.#tip.hidden = true;  // which the focus has shown
    }

    #row(products, label) {
      return make("ul", {class: "row", "aria-label": label, tabindex: "0"}, ...products.map(product => {
        const to = web(product.url);
        const click = event => {
          this.#report("view", product.id);
          if (!this.#tell("outfit-product", {product})) event.preventDefault();
        };
        const middle = event => { if (event.button === 1) this.#report("view", product.id); };  // opens another tab, which is no click
        return make("li", {}, make(to ? "a" : "button", {class: "card", part: "product", ...(to ? {href: to, onauxclick: middle} : {type: "button"}), onclick: click},
          make("span", {class: "tile"}, make("img", {src: this.#sized(product.picture, 360), alt: "", loading: "lazy"})),
          make("b", {}, product.title),
          make("small", {}, money(product)),
          product.exact ? make("small", {class: "exact"}, "The very piece") : make("small", {}, product.because)));
      }));
    }

    // Sent as well as it goes: a shop's page never waits for it, and never breaks by it.
    #report(kind, product) {
      const to = this.getAttribute("events") ?? (this.#static ? null : this.#base.href);
      if (!to) return;
      const event = {id: unique(), kind, product, session: visit(), ...(this.#look.recommendation_id ? {recommendation: this.#look.recommendation_id} : {})};
      fetch(new URL("/v1/events", new URL(to, location.href)), {method: "POST", keepalive: true, body: JSON.stringify({events: [event]}),
        headers: {...this.#headers(), "Content-Type": "application/json"}}).catch(() => {});
    }
  }
  customElements.define("outfit-photo", OutfitPhoto);
})();
