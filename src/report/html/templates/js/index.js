// The index page: snapshots, differences of two, classes in the chart.

const summaryColumns = [["class", "text"], ["verdict", "text"], ["active", "count"], ["sum", "bytes"], ["average", "average"], ["share", "share"]];
const figuresOf = (active, sum, whole) => [active, sum, active ? Number(sum) / active : 0, percent(sum, whole)];

const snapshotName = ({ number, description, seconds }) =>
  `${number}${description ? `: ${description}` : ""}${seconds === null ? "" : ` (${time(seconds)})`}`;

// Rows of the classes, and those that stay at the end: what has no row, and the total.
const withTotals = (data, places, figures) => {
  const snapshots = places.map((place) => data.snapshots[place]);
  const rows = data.classes.map(([name, href, verdict], at) => ({
    values: [name, verdict, ...figures(snapshots.map(({ active, sum }) => [active[at], sum[at]]))],
    text: `${name} ${verdict}`,
    href,
  }));
  const more = (name, of) => ({ values: [name, "", ...figures(snapshots.map(of))], text: name });
  const last = [more("total", ({ total }) => total)];
  if (data.more_classes) last.unshift(more(`${grouped(data.more_classes)} more classes`, ({ rest }) => rest));
  return [rows, last];
};

// Classes up to this share of what is tracked are folded in the bar, as Pympler does.
const NOTABLE = 3;

// The bar of a snapshot: its large classes, and the others together.
const shareBar = (data, { sum, total: [, whole] }) => {
  const largest = sum.map((bytes, at) => [Number(bytes), at]).sort((a, b) => b[0] - a[0]);
  const parts = largest.filter(([bytes]) => percent(bytes, whole) > NOTABLE)
    .map(([bytes, at]) => [data.classes[at][3], data.classes[at][0], bytes]);
  const others = Number(whole) - parts.reduce((sum, [, , bytes]) => sum + bytes, 0);
  if (others > 0) {
    const folded = data.classes.length + data.more_classes - parts.length;
    parts.push(["other", `other (${grouped(folded)} ${folded === 1 ? "class" : "classes"})`, others]);
  }
  if (!parts.length) return [element("p", { class: "remark" }, "Nothing tracked was alive and measured at this snapshot.")];
  const texts = parts.map(([, name, size]) => `${name}: ${bytes(size)}, ${share(percent(size, whole))}`);
  let x = 0;
  const rects = parts.map(([color, , size], at) => {
    const width = Math.min(100, Math.max(0, percent(size, whole)));
    const rect = drawn("rect", { class: `area ${color}`, x, width, height: 6 }, drawn("title", {}, texts[at]));
    x += width;
    return rect;
  });
  return [
    drawn("svg", { class: "share", viewBox: "0 0 100 6", preserveAspectRatio: "none", role: "img", "aria-label": texts.join("; ") }, ...rects),
    element("ul", { class: "legend" }, ...parts.map(([color], at) =>
      element("li", {}, element("span", { class: `swatch ${color}` }), texts[at]))),
  ];
};

const diffColumns = [["class", "text"], ["verdict", "text"], ["change", "change"], ["before", "bytes"], ["after", "bytes"],
  ["instances, change", "countChange"], ["before", "count"], ["after", "count"]];
const difference = (a, b) => {
  const change = Number(b) - Number(a);
  return Number.isSafeInteger(change) ? change : String(BigInt(b) - BigInt(a));
};

// Lets classes be left out of the chart: the others are stacked anew, on the same scale.
const startToggles = (view, data) => {
  const chart = view.querySelector("#chart-tracked");
  if (!chart) return;
  const areas = [...chart.querySelectorAll("path.area")];
  const marks = [...chart.querySelectorAll(".mark")];
  const snapshots = marks.map((mark) => data.snapshots.find(({ number }) => number === Number(mark.dataset.snapshot)));
  const xs = marks.map((mark) => Number(mark.querySelector("line").getAttribute("x1")));
  const coloured = new Set(data.order);
  const others = ({ sum, rest }) => sum.reduce((all, bytes, at) => (coloured.has(at) ? all : all + Number(bytes)), Number(rest[1]));
  const values = areas.map((_, row) => snapshots.map((snapshot) =>
    row < data.order.length ? Number(snapshot.sum[data.order[row]]) : others(snapshot)));
  const most = Math.max(1, ...snapshots.map(({ whole }, at) => Math.max(Number(whole), values.reduce((sum, row) => sum + row[at], 0))));
  const [top, base] = [12, 266];
  const y = (value) => base - Math.min(Math.max(value / most, 0), 1) * (base - top);
  const hidden = new Set();
  const original = areas.map((area) => area.getAttribute("d"));
  const draw = () => {
    let floor = snapshots.map(() => 0);
    areas.forEach((area, row) => {
      area.classList.toggle("hidden", hidden.has(row));
      if (hidden.has(row)) return;
      const ceiling = floor.map((value, at) => value + Math.max(0, values[row][at]));
      const points = [...xs.map((x, at) => [x, y(ceiling[at])]), ...xs.map((x, at) => [x, y(floor[at])]).reverse()];
      // A lone moment is drawn wider than it is.
      area.setAttribute("d", hidden.size && xs.length > 1 ? `M${points.map((point) => point.join(" ")).join("L")}Z` : original[row]);
      floor = ceiling;
    });
    chart.querySelector(".edge").classList.toggle("hidden", hidden.size > 0);
    buttons.forEach((button, row) => button?.setAttribute("aria-pressed", String(!hidden.has(row))));
  };
  const entries = [...view.querySelectorAll("section:has(#memory) > .legend > li")];
  // The legend has no entry for what is never seen.
  const buttons = areas.map((area, row) => {
    const name = area.textContent;
    const at = entries.findIndex((entry) => entry.textContent === name && !entry.querySelector("button"));
    if (at < 0 || !values[row].some((value) => value > 0)) return null;
    const button = element("button", { type: "button", class: "toggle", "aria-label": `show ${name}`, title: "Shows or hides it; with Shift only it is shown" }, entries[at].querySelector(".swatch"));
    button.addEventListener("click", (event) => {
      if (event.shiftKey) {
        const isAlone = hidden.size === areas.length - 1 && !hidden.has(row);
        hidden.clear();
        if (!isAlone) areas.forEach((_, other) => other !== row && hidden.add(other));
      } else if (!hidden.delete(row)) hidden.add(row);
      draw();
    });
    entries[at].prepend(button);
    return button;
  });
};

// What shows one snapshot, or the difference of two: by their numbers. `null` where there is none.
let showSnapshots = () => null;

const startIndex = (view, data) => {
  const flame = view.querySelector("[data-flame]");
  if (flame) startFlame(flame, data.flame, new Map(data.classes));
  startToggles(view, data);
  startPanel(view, data);
};

const startPanel = (view, data) => {
  const host = view.querySelector("[data-panel]");
  if (!host || !data.snapshots.length) return;
  const heading = element("h3", { tabindex: "-1", id: "panel" });
  const [about, table] = [element("div"), element("div", { class: "table", "data-table": "summary" })];
  const chooser = (label, first) => {
    const select = element("select", {}, first && element("option", { value: "" }, first),
      ...data.snapshots.map((snapshot) => element("option", { value: snapshot.number }, snapshotName(snapshot))));
    return [select, element("label", {}, `${label} `, select)];
  };
  const [one, oneLabel] = chooser("Classes at snapshot");
  const [other, otherLabel] = chooser("compared with", "none");
  const attributes = element("div", { "data-attributes": true });
  host.replaceChildren(element("div", { class: "bar" }, oneLabel, otherLabel), heading, about, table, attributes);
  let shown = [];

  const show = (place) => {
    const snapshot = data.snapshots[place];
    heading.textContent = `Snapshot ${snapshotName(snapshot)}${place === data.peak ? ", the peak" : ""}`;
    const [rows, last] = withTotals(data, [place], ([[active, sum]]) => figuresOf(active, sum, snapshot.whole));
    about.replaceChildren(...shareBar(data, snapshot),
      element("p", { class: "remark" }, "The bar shows parts of what is tracked; shares in the table are of the snapshot’s tracked total."));
    build(table, summaryColumns, rows, { last, sort: [3, true], search: "Search classes", noun: "classes", label: `classes at snapshot ${snapshot.number}` });
  };
  const compare = (places) => {
    const [a, b] = places.map((place) => data.snapshots[place]);
    heading.textContent = `From snapshot ${snapshotName(a)} to ${snapshotName(b)}`;
    const [rows, last] = withTotals(data, places, ([[fewer, less], [more, larger]]) =>
      [difference(less, larger), less, larger, difference(fewer, more), fewer, more]);
    about.replaceChildren(element("p", { class: "remark" }, "What each class held at both, and the change."));
    build(table, diffColumns, rows, { last, sort: [2, true], search: "Search classes", noun: "classes", label: "differences of classes" });
    showAttributes(attributes, data, places, () => shown === places);
  };
  const span = startSpan(view, data, (...numbers) => showSnapshots(numbers));
  showSnapshots = (numbers, isZoomed = false) => {
    const places = numbers.map((number) => data.snapshots.findIndex((snapshot) => snapshot.number === number));
    if (places.includes(-1)) return null;
    // The older first, whichever was chosen first.
    places.sort((a, b) => a - b);
    [one.value, other.value] = [numbers[0], numbers[1] ?? ""];
    for (const mark of view.querySelectorAll(".mark")) mark.classList.toggle("chosen", numbers.includes(Number(mark.dataset.snapshot)));
    shown = places;
    span.show(places.map((place) => data.snapshots[place].number), isZoomed);
    attributes.replaceChildren();
    if (places.length === 1) show(places[0]);
    else compare(places);
    return heading;
  };
  const chosen = () => {
    // The focus stays in the list, so the address changes without being gone to.
    const numbers = [one.value, other.value].filter((value) => value !== "");
    changePlace(`snapshot-${[...new Set(numbers)].join("..")}`, ["summary", "attributes"]);
    showSnapshots([...new Set(numbers.map(Number))]);
  };
  one.addEventListener("change", chosen);
  other.addEventListener("change", chosen);
  showSnapshots([data.snapshots[data.peak ?? 0].number]);
};

// Goes to the snapshot of a mark; with Shift to the difference from the one that is shown.
const choose = (view, mark, isPair) => {
  if (view.id !== "index") return;
  const [first] = [...view.querySelectorAll("[data-panel] select")].map((select) => select.value);
  const number = mark.dataset.snapshot;
  location.hash = isPair && first !== number ? `#snapshot-${first}..${number}` : `#snapshot-${number}`;
};
