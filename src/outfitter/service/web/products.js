// Products as cards and in detail.
import {$, ask, make, money, NOUNS, report, sized, trouble} from "./api.js";

export function card(pick, options = {}) {
  const {product} = pick;
  return make("li", {"data-product": product.id}, make("button", {class: "card", type: "button", onclick: () => open(pick, options)},
    make("span", {class: "tile"}, make("img", {src: sized(product.picture, 360), alt: "", loading: "lazy"})),
    make("b", {}, product.title),
    money(product) ? make("small", {}, money(product)) : "",
    pick.because ? make("small", {}, pick.because) : ""));
}

export const grid = (picks, options) => make("ul", {class: "grid"}, picks.map(pick => card(pick, options)));

// A completed look: a shelf for each slot.
export const shelves = (picks, options) => [...new Set(picks.map(pick => pick.slot))].map(slot => make("section", {class: "slot"},
  make("h3", {}, NOUNS[slot] ?? slot), grid(picks.filter(pick => pick.slot === slot), options)));

export const web = address => /^https?:\/\//i.test(address ?? "") ? address : null;
const words = text => text.replaceAll("_", " ").replace(/^./, letter => letter.toUpperCase());

// options.more, options.less: what to do with a product that is liked or not. told: the view is reported already.
export function open(pick, options = {}, told = false) {
  const {product} = pick, dialog = $("#detail");
  if (!told) report("view", product.id, options.recommendation);
  const facts = {Brand: product.brand, Category: product.category, Colour: product.colour, Gender: product.gender,
    Availability: product.availability && words(product.availability),
    ...Object.fromEntries(Object.entries(product.attributes).map(([name, value]) => [words(name), value])), Product: product.id};
  const like = make("div", {class: "block"}, make("p", {class: "soft"}, "Looking for what is like it…"));
  const then = (kind, action) => () => { dialog.close(); report(kind, product.id, options.recommendation); action(product); };
  dialog.replaceChildren(
    make("button", {class: "close", type: "button", "aria-label": "Close", onclick: () => dialog.close()}, "×"),
    make("div", {class: "detail"},
      make("span", {class: "tile"}, make("img", {src: sized(product.picture, 720), alt: product.title})),
      make("div", {class: "text"},
        make("h2", {id: "detail-title", tabindex: "-1"}, product.title),
        money(product) ? make("p", {}, money(product)) : "",
        pick.because ? make("p", {class: "why"}, pick.because) : "",
        make("div", {class: "actions"},
          web(product.url) ? make("a", {class: "button main", href: product.url, rel: "noopener noreferrer", target: "_blank"}, "To the shop") : "",
          options.more ? make("button", {class: "button", type: "button", onclick: then("like", options.more)}, "More like this") : "",
          options.less ? make("button", {class: "button", type: "button", onclick: then("dismiss", options.less)}, "Less like this") : ""),
        make("dl", {}, Object.entries(facts).filter(([, value]) => value).flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)])),
        pick.parts ? make("div", {class: "bars"}, Object.entries(pick.parts).flatMap(([name, value]) => [make("span", {}, words(name)),
          make("meter", {min: 0, max: 1, value: Math.max(0, Math.min(1, value)), "aria-label": words(name)}), make("span", {}, value.toFixed(2))])) : "")),
    make("div", {class: "text", style: {padding: "0 clamp(1.25rem, 3vw, 2.25rem) 2rem"}}, like));
  if (dialog.open) $("#detail-title").focus();
  else dialog.showModal();
  dialog.scrollTop = 0;
  const path = `/v1/products/${encodeURIComponent(product.id)}/similar`;
  Promise.all([ask(`${path}?k=6`), ask(`${path}?k=2&strategy=complementary`)]).then(([similar, complete]) => like.replaceChildren(
    make("h3", {}, "Look-alikes"), grid(similar.picks, {...options, recommendation: similar.recommendation_id}),
    complete.picks.length ? make("h3", {}, "Complete the look") : "", complete.picks.length ? grid(complete.picks, {...options, recommendation: complete.recommendation_id}) : "",
  ), error => like.replaceChildren(trouble(error)));
}
$("#detail").addEventListener("click", event => { if (event.target === $("#detail")) $("#detail").close(); });
