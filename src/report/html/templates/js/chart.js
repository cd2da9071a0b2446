// Charts that answer to the pointer and to the keyboard.

// The marks of a class's chart: with hundreds of classes they would be most of the report.
const addMarks = (shapes, data) => {
  if (!shapes) return;
  const [from, to, top, bottom] = [Number(shapes.dataset.from), Number(shapes.dataset.to), 12, shapes.viewBox.baseVal.height - 34];
  const shown = {
    active: (at) => `${grouped(data.active[at])} ${data.active[at] === 1 ? "instance" : "instances"} alive`,
    sum: (at) => bytes(data.sum[at]),
  }[shapes.dataset.marks];
  const timed = data.snapshots.map(([number, description, seconds], at) => ({ number, description, seconds, at }))
    .filter(({ seconds }) => seconds !== null).sort((a, b) => a.seconds - b.seconds);
  const xs = timed.map(({ seconds }) => (to > from && Number.isFinite(to - from) ? ((seconds - from) / (to - from)) * 1000 : 500));
  // Each reaches half-way to its neighbours.
  const edge = (at) => (at <= 0 ? 0 : at >= xs.length ? 1000 : (xs[at - 1] + xs[at]) / 2);
  shapes.append(...timed.map(({ number, description, at: place }, at) => drawn("g", { class: "mark", tabindex: -1, role: "img" },
    drawn("title", {}, `snapshot ${number}${description ? ` (“${description}”)` : ""}: ${shown(place)}`),
    drawn("rect", { x: edge(at), y: top, width: Math.max(0, edge(at + 1) - edge(at)), height: bottom - top }),
    drawn("line", { x1: xs[at], x2: xs[at], y1: top, y2: bottom }))));
};

// One tab stop a chart: from the mark that had the focus last the arrows lead on.
const startChart = (chart, view, data) => {
  // Charts on one time axis share what is written below the first.
  const readout = chart.querySelector(".readout") ?? chart.parentNode.querySelector(".readout");
  addMarks(chart.querySelector("[data-marks]"), data);
  const marks = [...chart.querySelectorAll(".mark")];
  if (!marks.length) return;
  let current = marks.at(-1);
  current.setAttribute("tabindex", "0");
  const show = (mark) =>
    readout.replaceChildren(...mark.querySelector("title").textContent.split("\n").map((line) => element("span", {}, line)));
  const focus = (mark) => {
    current.setAttribute("tabindex", "-1");
    current = mark;
    current.setAttribute("tabindex", "0");
    current.focus();
  };
  for (const mark of marks) {
    // Not "pointerenter": a page that scrolls below a pointer at rest sends that one, too, and
    // would write over what the keyboard has chosen.
    mark.addEventListener("pointermove", () => show(mark));
    mark.addEventListener("focus", () => show(mark));
    mark.addEventListener("click", (event) => choose(view, mark, event.shiftKey));
  }
  chart.addEventListener("keydown", (event) => {
    const at = marks.indexOf(event.target);
    if (at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const next = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: marks.length - 1 }[event.key];
    if (next !== undefined) focus(marks[Math.min(Math.max(next, 0), marks.length - 1)]);
    else if (event.key === "Enter" || event.key === " ") choose(view, event.target, event.shiftKey);
    else return;
    event.preventDefault();
  });
};
