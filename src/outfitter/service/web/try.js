// A photo in, its garments and what to buy out.
import {$, ask, make, NOUNS, picture, refused, say, send, sized, trouble, visit} from "./api.js";
import {grid, shelves} from "./products.js";

const SIDE = 1600;  // pixels: more shows the models nothing, and takes longer to send

// What is asked. Kept while the page is open, so that coming back to it finds it as it was.
const state = {photo: null, url: "", garment: 0, region: null, hidden: new Map(), liked: null, address: "", problem: null,
  filters: {slot: "", most: "", in_stock: false, grouped: false, diversity: 0, similar_by: "both"}};
let asking = new AbortController(), sending = new AbortController();
let root = make("div"), looking = null;  // the page as shown now; what it shows while a photo is looked at

export function page() {
  root = make("div");
  draw();
  return root;
}

function draw() {
  if (looking) return root.replaceChildren(looking);
  state.photo ? look() : start();
  if (state.problem) root.prepend(trouble(state.problem));
}

// By a drop anywhere, else the browser would leave for the file; pictures of the page itself are not meant.
const take = file => file && begin(file);
const dropped = event => !own && event.dataTransfer.types.includes("Files");
const light = on => $(".drop", root)?.classList.toggle("over-it", on);
let own = false;
addEventListener("dragstart", () => { own = true; });
addEventListener("dragend", () => { own = false; });
addEventListener("dragover", event => {
  if (!dropped(event)) return;
  event.preventDefault();
  if (root.isConnected) light(true);
  else event.dataTransfer.dropEffect = "none";
});
addEventListener("dragleave", event => event.relatedTarget || light(false));
addEventListener("drop", event => {
  if (!dropped(event)) return;
  event.preventDefault();
  light(false);
  if (root.isConnected) take(event.dataTransfer.files[0]);
});
addEventListener("paste", event => {
  if (root.isConnected) take([...event.clipboardData.files].find(one => one.type.startsWith("image/")));
});

function start() {
  const input = capture => make("input", {type: "file", accept: "image/*", ...(capture ? {capture: "environment"} : {}), onchange: event => take(event.target.files[0])});
  const kept = make("p", {class: "soft"}, " ");
  ask("/v1/status").then(now => kept.replaceChildren(now.uploads_kept ? "This service keeps the photos that are sent to it." : "It is looked at and forgotten; nothing is stored."), () => {});
  const drop = make("div", {class: "drop"},
  make("h2", {}, "Drop a photo here, or paste one"),
  make("div", {class: "actions"},
    make("label", {class: "button main"}, "Choose a photo", input(false)),
    matchMedia("(pointer: coarse)").matches ? make("label", {class: "button"}, "Take a photo", input(true)) : ""),
  make("form", {class: "address", onsubmit: event => { event.preventDefault(); state.address = event.target.elements.url.value; begin(picture("/v1/photo", {url: state.address})); }},
    make("label", {class: "soft", for: "url"}, "Or the address of a photo"),
    make("input", {id: "url", name: "url", type: "url", required: true, pattern: "https?://.+", placeholder: "https://", autocomplete: "off", value: state.address}),
    make("button", {class: "button"}, "Look at it")),
  kept);
  const samples = make("div", {class: "samples", role: "group", "aria-label": "Or one of the shop’s own pictures", hidden: true});
  root.replaceChildren(make("h1", {tabindex: "-1"}, "Shop the look in any photo"),
    make("p", {class: "lead"}, "Outfitter finds every garment in it, what in this shop looks like it, and what completes the look."), drop, samples);
  const sample = one => picture(sized(one.src, 1200)).catch(({message}) => { throw new Error(message); });  // refused, it asks for no key
  ask("/v1/looks?limit=8").then(({looks}) => {
    samples.hidden = !looks.length;
    samples.append(...looks.map((one, at) =>
      make("button", {type: "button", "aria-label": `Picture ${at + 1} of the shop`, onclick: () => begin(sample(one))},
        make("img", {src: sized(one.src, 160), alt: ""}))));
  }, () => {});
}

// Scaled down where the browser can; what it cannot decode, the service may.
async function shrunk(file) {
  try {
    const image = await createImageBitmap(file);
    const scale = Math.min(1, SIDE / Math.max(image.width, image.height));
    if (scale === 1 && file.size < 2e6) return file;
    const canvas = new OffscreenCanvas(Math.round(image.width * scale), Math.round(image.height * scale));
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";  // what is transparent lies on white, as it does in the service
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await canvas.convertToBlob({type: "image/jpeg", quality: .9});
  } catch { return file; }
}

// file: a photo's, or the promise of it. The page may be left meanwhile, and come back to.
async function begin(file) {
  sending.abort();
  const {signal} = sending = new AbortController();
  const bar = make("progress", {max: 1, "aria-label": "Sending the photo"}), heading = make("h2", {tabindex: "-1"}, "Looking at it…");
  looking = make("div", {class: "drop"}, heading, bar);
  state.problem = null;
  $("#detail").close();
  draw();
  heading.focus();
  try {
    const photo = await shrunk(await file);
    if (signal.aborted) return;
    const answer = await send("/v1/recommend", photo, {k: 1, session: visit}, share => { share < 1 ? bar.value = share : bar.removeAttribute("value"); }, signal);
    if (state.url) URL.revokeObjectURL(state.url);
    Object.assign(state, {photo, url: URL.createObjectURL(photo), found: answer.photo, garment: 0, region: null, liked: null, address: ""});
    state.garment = largest(answer.photo.garments);
  } catch (error) {
    if (signal.aborted) return;
    state.problem = error;
  }
  looking = null;
  if (state.problem && refused(state.problem)) {
    dispatchEvent(new CustomEvent("needkey", {detail: state.problem}));
    state.problem = null;
  } else if (root.isConnected) {
    draw();
    $(state.problem ? ".trouble" : "h1", root).focus();
  }
}

function largest(garments) {
  const areas = garments.map(one => one.box[2] * one.box[3]);
  return areas.indexOf(Math.max(...areas));
}

function look() {
  const {found} = state, names = found.garments.map(one => NOUNS[one.slot] ?? one.slot);
  const unseen = make("p", {class: "soft", hidden: true}, "This browser cannot show a picture of this kind. What was found lies where it is in the photo.");
  const shape = found.width / found.height;
  const stage = make("div", {class: "stage", style: {aspectRatio: shape, maxWidth: `${85 * shape}svh`}},
    make("img", {src: state.url, width: found.width, height: found.height, alt: `Your photo: ${names.join(", ").toLowerCase() || "no garment found"}`, draggable: "false",
      onerror: () => { unseen.hidden = false; }}));
  const tabs = make("div", {class: "tabs", role: "tablist", "aria-label": "Garments in the photo"});
  const shelf = make("div", {role: "tabpanel", id: "shelf", tabindex: "0"}), complete = make("section", {class: "block"});
  const spots = [], buttons = [];
  const options = {
    more: product => { state.liked = product; again(); },
    less: product => { state.hidden.set(product.id, product.title); again(); },
  };

  function choose(index) {
    Object.assign(state, {garment: index, region: null, liked: null});
    mark();
    refresh();
  }
  function again() {  // what was clicked will be gone
    refresh();
    shelf.focus();
  }
  function mark() {
    spots.forEach((spot, at) => spot.setAttribute("aria-pressed", !state.region && at === state.garment));
    buttons.forEach((tab, at) => { tab.setAttribute("aria-selected", !state.region && at === state.garment); tab.tabIndex = at === Math.max(state.garment, 0) ? 0 : -1; });
    const chosen = buttons[state.garment];
    if (chosen) {
      shelf.setAttribute("aria-labelledby", chosen.id);
      tabs.scrollLeft = chosen.offsetLeft - tabs.offsetLeft - 16;  // of the tabs alone: the page stays where it is
    }
    region.hidden = !state.region;
  }
  found.garments.forEach((garment, at) => {
    const [x, y, w, h] = garment.box;
    const spot = make("button", {class: "spot", type: "button", "aria-label": `${names[at]}: show look-alikes`, "aria-pressed": "false", onclick: () => choose(at),
      style: {left: `${x * 100}%`, top: `${y * 100}%`, width: `${w * 100}%`, height: `${h * 100}%`, zIndex: Math.round(1e3 * (1 - w * h)) + 1}}, make("i"));
    const tab = make("button", {type: "button", role: "tab", id: `tab-${at}`, "aria-controls": "shelf", "aria-selected": "false", onclick: () => choose(at)}, names[at]);
    spots.push(spot); buttons.push(tab); stage.append(spot); tabs.append(tab);
  });
  tabs.addEventListener("keydown", event => {
    const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
    if (!step) return;
    event.preventDefault();
    choose((state.garment + step + buttons.length) % buttons.length);
    buttons[state.garment].focus();
  });

  const {region, drawing} = drawer(stage, box => { state.region = box; state.liked = null; mark(); refresh(); });
  const heading = make("h1", {tabindex: "-1"}, names.length ? listed(names) : "No garment was found");
  const hidden = make("p", {class: "soft actions"});
  root.replaceChildren(make("div", {class: "look"},
    make("div", {class: "side"}, stage, unseen,
      make("div", {class: "actions"}, drawing, make("button", {class: "button", type: "button", onclick: () => { Object.assign(state, {photo: null, problem: null}); draw(); $("h1", root).focus(); }}, "Another photo")),
      make("p", {class: "soft"}, names.length ? "Choose a garment, or draw a box around a part." : "What looks like the whole picture is shown. Draw a box around a part to be more exact.")),
    make("div", {}, heading, tabs.children.length ? tabs : "", filters(refresh), hidden, shelf, complete)));

  const fields = () => {
    const {slot, most, ...others} = state.filters;
    const where = [slot && `slot=${slot}`, most && `price<=${most}`].filter(Boolean).join(",");
    return {...others, where, hide: "nothing", session: visit, strategy: "similar", exclude: [...state.hidden.keys()], dislike: [...state.hidden.keys()].slice(-50)};  // the service takes no more
  };
  async function refresh() {
    asking.abort();
    const {signal} = asking = new AbortController();
    hidden.replaceChildren(...(state.hidden.size ? [`Not shown: ${[...state.hidden.values()].join(", ")}.`,
      make("button", {class: "button", type: "button", onclick: () => { state.hidden.clear(); again(); }}, "Show again")] : []));
    const part = state.region ? {region: state.region.join(",")} : state.found.garments.length ? {garment: state.garment} : {};
    const question = strategy => state.liked  // what is alike in colour alone completes no look
      ? ask("/v1/recommend", {...clean(fields()), product: state.liked.id, like: [state.liked.id], ...strategy, k: strategy ? 4 : 12}, signal)
      : send("/v1/recommend", state.photo, {...part, ...fields(), ...strategy, k: strategy ? 4 : 12}, null, signal);
    const why = state.liked ? make("p", {class: "why actions"}, `More like “${state.liked.title}”.`,
      make("button", {class: "button", type: "button", onclick: () => { state.liked = null; again(); }}, "Back to the photo")) : "";
    try {
      shelf.setAttribute("aria-busy", "true");
      const answer = await question(undefined);
      shelf.replaceChildren(why,
        answer.picks.length ? grid(answer.picks, {...options, recommendation: answer.recommendation_id}) : make("p", {class: "soft"}, "Nothing in the catalogue matches. Loosen the filters."));
    } catch (error) {
      if (error.name !== "AbortError") { shelf.replaceChildren(why, trouble(error)); complete.replaceChildren(); }
      return;
    } finally { if (!signal.aborted) shelf.removeAttribute("aria-busy"); }
    try {
      const second = await question({strategy: "complementary", similar_by: "both"});
      complete.replaceChildren(...(second.picks.length ? [make("h2", {}, "Complete the look"), ...shelves(second.picks, {...options, recommendation: second.recommendation_id})] : []));
    } catch (error) { if (error.name !== "AbortError") complete.replaceChildren(trouble(error)); }
  }
  mark();
  refresh();
}

const clean = fields => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== "" && value !== false));

function listed(words) {
  const [first, ...rest] = [...new Set(words)].map((word, at) => at ? word.toLowerCase() : word);
  return rest.length ? `${[first, ...rest.slice(0, -1)].join(", ")} and ${rest.at(-1)}` : first;
}

function filters(changed) {
  const {filters} = state;
  const set = (name, value) => { filters[name] = value; changed(); };
  const check = (name, text) => make("label", {class: "check"}, make("input", {type: "checkbox", checked: filters[name], onchange: event => set(name, event.target.checked)}), text);
  const alike = make("label", {hidden: true}, "Alike in", make("select", {onchange: event => set("similar_by", event.target.value)},
    ["both", "shape", "colour"].map(part => make("option", {value: part, selected: part === filters.similar_by}, {both: "All", shape: "Shape", colour: "Colour"}[part]))));
  ask("/v1/status").then(now => { alike.hidden = !(now.parts.includes("shape") && now.parts.includes("colour")); }, () => {});
  return make("form", {class: "filters", "aria-label": "Filters", onsubmit: event => event.preventDefault()},
    make("label", {}, "Kind", make("select", {onchange: event => set("slot", event.target.value)}, make("option", {value: ""}, "Any"),
      Object.entries(NOUNS).map(([slot, noun]) => make("option", {value: slot, selected: slot === filters.slot}, noun)))),
    make("label", {}, "Price up to", make("input", {type: "number", min: 0, step: "any", inputmode: "decimal", value: filters.most,
      onchange: event => event.target.checkValidity() && set("most", event.target.value)})),
    make("label", {}, "Variety", make("input", {type: "range", min: 0, max: 1, step: .1, value: filters.diversity, onchange: event => set("diversity", event.target.value)})),
    alike, check("in_stock", "In stock"), check("grouped", "One colour each"));
}

// A box around a part: drawn by pointer, or moved by arrow keys, made larger or smaller with Shift, taken with Enter.
function drawer(stage, done) {
  const region = make("div", {class: "region", hidden: true, tabindex: "-1", role: "application", "aria-label": "A part of the photo: arrow keys move it, with Shift they change its size, Enter takes it"});
  stage.append(region);
  const {width, height} = state.found;
  let box = state.region ? state.region.map((value, at) => value / (at % 2 ? height : width)) : [.25, .25, .75, .75], before = box, from = null;
  const show = () => Object.assign(region.style, {left: `${box[0] * 100}%`, top: `${box[1] * 100}%`, width: `${(box[2] - box[0]) * 100}%`, height: `${(box[3] - box[1]) * 100}%`});
  const back = () => { box = before; show(); };
  const leave = () => { stop(); back(); region.hidden = !state.region; };
  const take = () => {
    const pixels = [box[0] * width, box[1] * height, box[2] * width, box[3] * height].map(value => Math.round(value * 10) / 10);
    if (pixels[2] - pixels[0] < 4 || pixels[3] - pixels[1] < 4) { back(); return say("That box is too small. Draw a larger one."); }
    stop();
    done(pixels);
  };
  const stop = () => { stage.classList.remove("drawing"); drawing.setAttribute("aria-pressed", "false"); region.tabIndex = -1; };
  const drawing = make("button", {class: "button", type: "button", "aria-pressed": "false", onclick: () => {
    if (stage.classList.contains("drawing")) return leave();
    before = box;
    stage.classList.add("drawing");
    drawing.setAttribute("aria-pressed", "true");
    Object.assign(region, {hidden: false, tabIndex: 0});
    show();
    region.focus();
  }}, "Draw a box");
  region.addEventListener("keydown", event => {
    const [dx, dy] = {ArrowLeft: [-.02, 0], ArrowRight: [.02, 0], ArrowUp: [0, -.02], ArrowDown: [0, .02]}[event.key] ?? [0, 0];
    if (event.key === "Enter") take();
    else if (event.key === "Escape") { leave(); drawing.focus(); }
    else if (dx || dy) {
      if (event.shiftKey) box = [box[0], box[1], Math.min(1, Math.max(box[0] + .04, box[2] + dx)), Math.min(1, Math.max(box[1] + .04, box[3] + dy))];
      else if (box[0] + dx >= 0 && box[2] + dx <= 1 && box[1] + dy >= 0 && box[3] + dy <= 1) box = [box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy];
      show();
    } else return;
    event.preventDefault();
  });
  const at = event => {
    const rect = stage.getBoundingClientRect();
    return [(event.clientX - rect.left) / rect.width, (event.clientY - rect.top) / rect.height].map(value => Math.min(1, Math.max(0, value)));
  };
  stage.addEventListener("pointerdown", event => {
    if (!stage.classList.contains("drawing")) return;
    event.preventDefault();
    from = at(event);
    box = [...from, ...from];
    stage.setPointerCapture(event.pointerId);
  });
  stage.addEventListener("pointermove", event => {
    if (!from) return;
    const to = at(event);
    box = [Math.min(from[0], to[0]), Math.min(from[1], to[1]), Math.max(from[0], to[0]), Math.max(from[1], to[1])];
    show();
  });
  stage.addEventListener("pointerup", () => { if (from) { from = null; take(); } });
  stage.addEventListener("pointercancel", () => { if (from) { from = null; back(); } });
  show();
  return {region, drawing};
}
