// The shell: which page is shown, and the key.
import {$, ask, key, make, refused, setKey, takeKey, trouble} from "./api.js";
import {catalogue, looks, status} from "./browse.js";
import {page as attempt} from "./try.js";

const PAGES = {try: [attempt, "Try a photo"], looks: [looks, "Looks"], catalogue: [catalogue, "Catalogue"], status: [status, "Status"]};

function show(moved) {
  $("#detail").close();
  const name = Object.hasOwn(PAGES, location.hash.slice(1)) ? location.hash.slice(1) : "try";
  const [page, title] = PAGES[name];
  document.title = `${title} – Outfitter`;
  document.querySelectorAll(".top nav a").forEach(link => link.hash === `#${name}` ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current"));
  $("#main").replaceChildren(page());
  if (moved) $("#main").focus();
}

function needKey(error) {
  $("#detail").close();
  const field = make("input", {type: "password", id: "key", autocomplete: "off", required: true, value: ""});
  const said = make("div");
  $("#main").replaceChildren(make("form", {class: "keyform", onsubmit: async event => {
    event.preventDefault();
    setKey(field.value.trim());
    try { await ask("/v1/status"); show(true); }
    catch (problem) { said.replaceChildren(trouble(problem)); field.focus(); }
  }}, make("h1", {}, "A key, please"),
  make("p", {class: "lead"}, "'outfitter serve' printed the admin key when it first started. It stays in this tab."),
  make("label", {for: "key"}, "Key"), field, said, make("div", {class: "actions"}, make("button", {class: "button main"}, "Go on"))));
  if (key()) said.replaceChildren(trouble(error));
  field.focus();
}

addEventListener("needkey", event => needKey(event.detail));
const enter = moved => ask("/v1/status").then(() => show(moved), error => refused(error) ? needKey(error) : $("#main").replaceChildren(trouble(error)));

addEventListener("hashchange", () => {
  if (takeKey()) enter(true);
  else if ($("#key")) $("#key").focus();  // no page without a key
  else show(true);
});
$(".skip").addEventListener("click", event => { event.preventDefault(); $("#main").focus(); });  // the address stays
takeKey();
enter(false);
