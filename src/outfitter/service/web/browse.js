// The catalogue, its looks, and how the service is doing.
import {ask, key, make, refused, say, trouble} from "./api.js";
import {grid, open, web} from "./products.js";

const PAGE = 24;
const state = {q: "", where: "", offset: 0};

export function catalogue() {
  const shelf = make("div"), root = make("div");
  let asked = 0; // answers may come in another order than they were asked for; only the last one counts
  async function show(moved) {
    const mine = ++asked;
    shelf.setAttribute("aria-busy", "true");
    try {
      const found = await ask(`/v1/products?${new URLSearchParams({...state, limit: PAGE})}`);
      if (mine !== asked) return;
      const last = Math.min(found.offset + PAGE, found.total);
      const turn = (text, by, off) => make("button", {class: "button", type: "button", disabled: off, onclick: () => { state.offset = found.offset + by; show(true); }}, text);
      shelf.replaceChildren(
        make("p", {class: "soft", role: "status", tabindex: "-1"}, found.total ? `${found.offset + 1}–${last} of ${found.total}` : "Nothing matches. Shorten the title, or loosen the filter."),
        grid(found.products.map(product => ({product})), {}),
        found.total > PAGE ? make("div", {class: "actions pager"}, turn("Back", -PAGE, !found.offset), turn("On", PAGE, last >= found.total)) : "");
    } catch (error) { if (mine === asked) fail(error, shelf); }
    if (mine !== asked) return;
    shelf.removeAttribute("aria-busy");
    if (!moved) return;
    root.scrollIntoView();
    shelf.firstChild.focus({preventScroll: true});
  }
  const field = (name, text, hint) => make("label", {}, text, make("input", {type: "search", value: state[name], placeholder: hint, maxlength: 200,
    onchange: event => Object.assign(state, {[name]: event.target.value, offset: 0}) && show()}));
  root.append(make("h1", {}, "Catalogue"), make("form", {class: "filters", role: "search", onsubmit: event => {
    event.preventDefault();
    event.target.querySelectorAll("input").forEach(input => input.blur());
    if (!shelf.hasAttribute("aria-busy")) show();  // a field that has changed has asked already
  }},
    field("q", "Title", "linen shirt"), field("where", "Filter", "category=dress,price<80"), make("button", {class: "button"}, "Search")), shelf);
  show();
  return root;
}

export function looks() {
  const root = make("div", {}, make("h1", {}, "Looks"),
    make("p", {class: "lead"}, "The shop’s own outfit pictures, made shoppable: point at a garment, or tap it. This is the widget that a shop puts on its pages."));
  const all = make("div", {class: "looks", "aria-busy": "true"});
  root.append(all);
  root.addEventListener("outfit-product", event => {
    const {id, url} = event.detail.product;
    if (web(url)) return;  // the widget's link leads to the shop
    event.preventDefault();
    ask(`/v1/products/${encodeURIComponent(id)}`).then(product => root.isConnected && open({product}, {}, true), error => say(error.message));
  });
  ask("/v1/looks?limit=12").then(found => {
    all.append(...found.looks.map(one => make("outfit-photo", {photo: one.photo_id, catalogue: location.origin, token: key() || null})));
    if (!found.total) all.append(make("p", {class: "soft"}, "No picture of this catalogue shows two kinds of garment together."));
  }, error => fail(error, all)).finally(() => all.removeAttribute("aria-busy"));
  return root;
}

export function status() {
  const root = make("div", {}, make("h1", {}, "Status"));
  const fact = (name, value, note) => make("div", {class: "fact"}, make("span", {class: "over"}, name), make("b", {}, String(value)), note ? make("small", {class: "soft"}, note) : "");
  const top = make("div"), shown = make("div", {"aria-busy": "true"});
  root.append(top, shown);
  const warn = text => top.textContent !== text && top.replaceChildren(text ? trouble({message: text}) : "");  // an alert is read out each time
  async function show() {
    try {
      const now = await ask("/v1/status");
      const clock = time => [new Date(time).toLocaleTimeString(undefined, {timeStyle: "short"}), new Date(time).toLocaleDateString(undefined, {dateStyle: "long"})];
      const ms = seconds => `${(1000 * seconds).toFixed(seconds < .1 ? 1 : 0)} ms`;
      warn(now.trouble || "");
      renew(shown, make("div", {},
        make("div", {class: "facts"}, fact("Products", now.products), fact("Looks", now.looks, "pictures with two slots or more"),
          ...Object.entries(now.queue ?? {}).map(([name, {now: taken, room}]) => fact(`Queue: ${name}`, taken, `of ${room}`)),
          ...now.admin ? [fact("Events", now.events.events, Object.entries(now.events.kinds).map(([kind, count]) => `${count} × ${kind}`).join(", ")),
          fact("Lists shown", now.events.lists_shown), fact("Visits", now.events.sessions, `${now.events.users} known users`)] : [],
          fact("Catalogue read", ...clock(now.loaded)), fact("Tastes learnt", ...clock(now.learnt))),
        make("h2", {}, "Models"), make("dl", {}, Object.entries(now.models).flatMap(([name, id]) => [make("dt", {}, name), make("dd", {}, make("code", {}, id))])),
        ...now.admin ? [make("div", {class: "block"}, make("h2", {}, "Latency"), make("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": "Latency"}, make("table", {},
          make("thead", {}, make("tr", {}, make("th", {scope: "col"}, "Route"), ...["Answers", "Median", "99 %"].map(name => make("th", {scope: "col", class: "number"}, name)))),
          make("tbody", {}, Object.entries(now.latency).filter(([route]) => route.startsWith("/v1/")).map(([route, {count, p50, p99}]) => make("tr", {}, make("th", {scope: "row"}, make("code", {}, route)),
            ...[count, ms(p50), ms(p99)].map(value => make("td", {class: "number"}, String(value))))))))),
        make("p", {class: "soft"}, "Of the last 1000 answers of each route. Prometheus reads ", make("code", {}, "/metrics"), ".")] : []));
    } catch (error) { refused(error) ? fail(error, shown) : warn(error.message); }
    shown.removeAttribute("aria-busy");
    if (root.isConnected) setTimeout(() => root.isConnected && show(), 3000);
  }
  show();
  return root;
}

// What has changed, from one tree into another of its kind: what is selected, scrolled or focused stays so.
function renew(old, now) {
  if (old.childNodes.length !== now.childNodes.length) return old.replaceChildren(...now.childNodes);
  [...now.childNodes].forEach((child, at) => {
    const there = old.childNodes[at];
    if (there.nodeName !== child.nodeName) there.replaceWith(child);
    else if (child.nodeType !== Node.TEXT_NODE) renew(there, child);
    else if (there.data !== child.data) there.data = child.data;
  });
}

function fail(error, place) {
  if (refused(error)) dispatchEvent(new CustomEvent("needkey", {detail: error}));
  else place.replaceChildren(trouble(error));
}
