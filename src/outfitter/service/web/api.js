// What every page uses: questions to the API, elements, money.
const KEY = "outfitter-key";

// Where storage is blocked, what is kept lasts as long as the page.
const kept = new Map();
function recall(name) {
  try { return kept.get(name) ?? sessionStorage.getItem(name); }
  catch { return null; }
}
function keep(name, value) {
  kept.set(name, value);
  try { sessionStorage.setItem(name, value); }
  catch { return; }
}

// Others cannot be sent, and no key has them: they come along with a copied text.
export const key = () => (recall(KEY) ?? "").replace(/[^\x21-\x7e]/g, "");
export const setKey = value => keep(KEY, value);

// A link with #key=… (printed at the first start) is remembered for this tab and taken out of the address: was there one?
export function takeKey() {
  const given = new URLSearchParams(location.hash.slice(1)).get("key");
  if (!given) return false;
  setKey(given);
  history.replaceState(null, "", location.pathname + "#try");
  return true;
}

class Problem extends Error {
  constructor(status, detail) { super(detail); this.status = status; }
}
export const refused = error => error.status === 401 || error.status === 403;

const headers = () => key() ? {Authorization: `Bearer ${key()}`} : {};

async function reach(path, body, signal) {
  const options = body ? {method: "POST", body: JSON.stringify(body), headers: {...headers(), "Content-Type": "application/json"}} : {headers: headers()};
  let response;
  try { response = await fetch(path, {...options, signal}); }
  catch (error) { throw error.name === "AbortError" ? error : new Problem(0, "The service does not answer. Is it running?"); }
  if (!response.ok) throw new Problem(response.status, (await response.json().catch(() => ({}))).detail ?? `The service answered ${response.status}.`);
  return response;
}

export const ask = async (path, body, signal) => (await reach(path, body, signal)).json().catch(() => ({}));
export const picture = async (path, body) => (await reach(path, body)).blob();

// A photo with its question, with the share that is sent already: fetch cannot tell that.
export function send(path, photo, fields, progress, signal) {
  return new Promise((done, fail) => {
    const form = new FormData();
    form.append("photo", photo, "photo");
    for (const [name, value] of Object.entries(fields)) {
      for (const one of Array.isArray(value) && name !== "region" ? value : [value]) {
        if (one !== null && one !== undefined && one !== "" && one !== false) form.append(name, String(one));
      }
    }
    const request = new XMLHttpRequest();
    request.open("POST", path);
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.responseType = "json";
    request.upload.onprogress = event => event.lengthComputable && progress?.(event.loaded / event.total);
    request.onload = () => request.status < 300 ? done(request.response)
      : fail(new Problem(request.status, request.response?.detail ?? `The service answered ${request.status}.`));
    request.onerror = () => fail(new Problem(0, "The service does not answer. Is it running?"));
    request.onabort = () => fail(new DOMException("aborted", "AbortError"));
    signal?.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

export const $ = (selector, root = document) => root.querySelector(selector);

// Every text becomes a text node, never HTML: titles come from feeds, problems repeat what was sent.
export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style") Object.assign(node.style, value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter(child => child !== null && child !== undefined && child !== ""));
  return node;
}

export function money({price, currency}) {
  if (price === null || price === undefined) return "";
  try { return new Intl.NumberFormat(undefined, {style: "currency", currency}).format(price); }
  catch { return `${price} ${currency ?? ""}`.trim(); }
}

export const sized = (link, width) => `${link}&width=${width}`;

let hush = 0;
export function say(text) {
  $("#said").textContent = text;
  clearTimeout(hush);
  hush = setTimeout(() => { $("#said").textContent = ""; }, 5000);
}

export const trouble = error => make("p", {class: "trouble", role: "alert", tabindex: "-1"}, error.message);

export const NOUNS = {top: "Top", bottom: "Bottoms", long: "Dress or coat", footwear: "Shoes", bag: "Bag", headwear: "Hat", eyewear: "Glasses"};

const unique = () => [...crypto.getRandomValues(new Uint8Array(16))].map(byte => byte.toString(16).padStart(2, "0")).join("");
export const visit = recall("outfit-visit") ?? unique();
keep("outfit-visit", visit);

// What was done with a product; nothing waits for it.
export const report = (kind, product, recommendation) =>
  ask("/v1/events", {events: [{id: unique(), kind, product, session: visit, ...(recommendation ? {recommendation} : {})}]}).catch(() => {});
