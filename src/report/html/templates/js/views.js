// All pages: which view is shown, by the address.

const started = new Set();
const start = (view) => {
  if (started.has(view)) return;
  started.add(view);
  view.querySelectorAll("table.sortable").forEach(arrange);
  // The page about many dumps has no charts, and so no data.
  const packed = view.querySelector("script.data");
  const data = unpackedData.get(view) ?? (packed && JSON.parse(packed.textContent));
  if (view.id === "index") indexData = data;
  if (data) (view.id === "index" ? startIndex : startClass)(view, data);
  view.querySelectorAll(".chart").forEach((chart) => startChart(chart, view, data));
  view.querySelectorAll(".command").forEach((command) =>
    command.append(copyButton("Copy", () => command.querySelector("code").textContent)));
  view.querySelectorAll("table.sortable").forEach(offerTable);
};

// One view at a time. A report in one file has all of them in its page: those of classes packed,
// until they are opened, so that the browser need not lay them out.
const inOne = document.querySelector("template") !== null;
const title = document.title;

// The packed view that holds this id; `null` if it is open already, or there is none.
const packedOf = (id) => {
  const [name] = /^class-\d+/.exec(id) ?? [];
  return name ? document.querySelector(`script.packed[data-view="${name}"]`) : null;
};

// Says that the view of a class cannot be shown.
const cannotUnpack = (error) => {
  document.querySelector("#index header .missing")?.remove();
  document.querySelector("#index header").append(element("p", { class: "remark missing" },
    `This browser cannot unpack the view of the class (${error}). Without --single-file ctstats html writes pages that are not packed.`));
};

// Says that an instance is not embedded, where instances are.
const missing = (view, address) => {
  const heading = view.querySelector(`[id$="-instances"]`);
  view.querySelector(".missing")?.remove();
  const text = element("p", { class: "remark missing" }, `The instance at ${address} is not in this report; ctstats html --instances N embeds more.`);
  heading.after(text);
  return heading;
};

// How often an address was gone to: the last one counts, however long its view takes to unpack.
let turns = 0;

// Shows the view of the address; what of it the focus goes to, or `null` if it is gone to no more.
const route = async () => {
  const turn = ++turns;
  const { place } = readAddress();
  const id = decoded(place);
  const [, owner, address] = /^(class-\d+)-instance-(.*)$/.exec(id) ?? [];
  // Views refer to the index page, and some parts of them are copies of its.
  start(document.querySelector(".view"));
  const packed = packedOf(id);
  if (packed) await unpack(packed).catch(cannotUnpack);
  if (turn !== turns) return null;
  const target = id ? document.getElementById(owner ?? id) : null;
  const views = [...document.querySelectorAll(".view")];
  const view = target?.closest(".view") ?? views[0];
  views.forEach((other) => (other.hidden = other !== view));
  start(view);
  if (inOne) document.title = view === views[0] ? title : `${view.querySelector("h1").textContent} – ${title}`;
  const pair = view.id === "index" && /^snapshot-(\d+)(?:\.\.(\d+)(-zoomed)?)?$/.exec(place);
  const panel = pair && showSnapshots(pair.slice(1, 3).filter((number) => number !== undefined).map(Number), Boolean(pair[3]));
  applyAllSettings(view);
  const table = owner && instanceTables.get(view);
  if (table) return [view, table.has(address) ? table.open(address) : missing(view, address)];
  return [view, panel || target];
};

// Goes to the place of the address; the focus, which may be in a view that is hidden now,
// goes there as well.
const go = async () => {
  const way = await route();
  if (!way) return;
  const [view, target] = way;
  const top = !target || target === view;
  const focus = top ? view.querySelector("h1") : target;
  if (focus.tabIndex < 0) focus.tabIndex = -1;
  focus.focus({ preventScroll: true });
  if (top) scrollTo(0, 0);
  else target.scrollIntoView();
};
addEventListener("hashchange", go);
route();
// The browser looks for the place of the address too, and takes the focus away where it does
// not find what may have it; that is done once the page is loaded.
if (readAddress().place) addEventListener("load", go);
