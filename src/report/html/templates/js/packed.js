// Views of classes in a report of one file: each is packed, and made of its data when it is opened.

// What the index page read; the packed views leave out what it has.
let indexData = null;

// The data of the views that were unpacked.
const unpackedData = new Map();

const unpacked = async (script) => {
  const packed = Uint8Array.from(atob(script.textContent), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
};

// A chart as the program draws those of pages with one class.
const chartOf = ({ id, title, description, readout, height, x_ticks, y_ticks, areas, lines, script: [marks, [from, to]] }) => {
  const base = height - 34;
  const shape = (look) => ({ name, color, path }) => drawn("path", { class: `${look} ${color}`, d: path }, drawn("title", {}, name));
  const fitted = (squeezed) => (squeezed === null ? {} : { textLength: squeezed, lengthAdjust: "spacingAndGlyphs" });
  const grid = drawn("g", { class: "grid", "aria-hidden": "true" },
    ...y_ticks.flatMap(([at, , label, squeezed]) => [
      drawn("line", { x1: 0, x2: "100%", y1: at, y2: at }),
      drawn("text", { x: -8, y: at, dy: 4, "text-anchor": "end", ...fitted(squeezed) }, label),
    ]),
    ...x_ticks.map(([, percent, label], at) => drawn("g", at % 2 ? { class: "odd" } : {},
      drawn("line", { x1: `${percent}%`, x2: `${percent}%`, y1: base, y2: base + 5 }),
      drawn("text", { x: `${percent}%`, y: base + 20, "text-anchor": "middle" }, label))));
  const shapes = drawn("svg", { class: "shapes", viewBox: `0 0 1000 ${height}`, preserveAspectRatio: "none", "data-marks": marks, "data-from": from, "data-to": to },
    ...areas.map(shape("area")), ...lines.map(shape("line")));
  const frame = drawn("svg", { class: "frame", height, role: "group", "aria-labelledby": `${id}-title ${id}-text` },
    drawn("title", { id: `${id}-title` }, title), drawn("desc", { id: `${id}-text` }, description), grid, shapes,
    drawn("g", { class: "edge", "aria-hidden": "true" }));
  return element("figure", { class: "chart" }, element("div", { class: "plot" }, frame),
    readout ? element("p", { class: "readout", "aria-live": "polite" }, ...readout.split("\n").map((line) => element("span", {}, line))) : null);
};

// The verdict on a class; that on a suspect is on the index page already.
const verdictOf = (verdict, index) => {
  if (verdict === "none") return [element("p", { class: "nothing" }, "No verdict: no instance held anything.")];
  if (verdict.other) {
    const { words, pattern, reasons } = verdict.other;
    return [element("p", {}, element("strong", {}, words), `: ${pattern}.`),
      element("ul", { class: "verdicts" }, ...reasons.map((reason) => element("li", {}, reason)))];
  }
  const card = index.querySelectorAll(".cards .card")[verdict.suspect].cloneNode(true);
  card.querySelector("h3").textContent = `Leak ${card.classList[1]}`;
  card.querySelectorAll(".copy").forEach((button) => button.remove());
  return [card];
};

const figureCell = ({ value, text, exact }) => element("td", { class: "number", "data-value": value, title: exact }, text);

const siteRow = ({ place, source, cells }) =>
  element("tr", {}, element("th", { scope: "row", "data-value": place }, place, source ? element("code", { class: "source" }, source) : null),
    ...cells.map(figureCell));

// Takes out what the class has not, of two parts that are instead of each other.
const keep = (view, has, what) => view.querySelectorAll(has ? `.no-${what}` : `.has-${what}`).forEach((part) => part.remove());

// The view of a class: what is blank in that of none, filled in.
const fill = (view, { number, name, sentence, verdict, figures, charts, sites, instances_text, data }, index) => {
  for (const part of [view, ...view.querySelectorAll("[id], [aria-labelledby]")]) {
    for (const key of ["id", "aria-labelledby"]) {
      if (part.hasAttribute(key)) part.setAttribute(key, part.getAttribute(key).replace(/^class-0\b/, `class-${number}`));
    }
  }
  view.querySelector("h1").textContent = name;
  view.querySelector(".lead").textContent = sentence;
  view.querySelector(".figures").replaceChildren(...figures.map(({ key, name: term, cell: { value, text, exact } }) =>
    element("div", {}, element("dt", {}, term), element("dd", { "data-figure": key, "data-value": value, title: exact }, text))));
  const judged = view.querySelector("section");
  judged.append(...verdictOf(verdict, index));
  judged.after(...charts.map(({ id, label, chart }) => element("section", { "aria-labelledby": chart.id },
    element("h2", { id: chart.id }, label), chartOf(chart))));
  keep(view, data.merged.length > 0, "referents");
  keep(view, sites.sites.length > 0, "sites");
  const table = view.querySelector("table.sites");
  if (table) {
    table.tBodies[0].append(...sites.sites.map(siteRow));
    view.querySelector(".of-sites").textContent = sites.text;
  }
  view.querySelector(".embedded").textContent = instances_text;
  return view;
};

// Puts the view of a class into the page, where it is packed.
const unpack = async (script) => {
  const view = await unpacked(script);
  // Whoever asked twice has it already.
  if (!script.isConnected) return;
  const blank = document.importNode(document.querySelector("template").content, true).querySelector(".view");
  const made = fill(blank, view, document.querySelector("#index"));
  view.data.snapshots = indexData.snapshots.map(({ number, description, seconds, whole }) => [number, description, seconds, whole]);
  unpackedData.set(made, view.data);
  script.replaceWith(made);
};
