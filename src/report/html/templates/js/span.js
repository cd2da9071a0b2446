// A span of time on the main chart: chosen by dragging or with Shift and the arrows, it is the
// pair of snapshots that is compared, and the charts can be zoomed to it.

// Draws the part between two x of the plot, of 1000, as wide as the whole; `labels` stand at its ends.
const zoomChart = (chart, ends, labels) => {
  const shapes = chart.querySelector(".shapes");
  const [from, to] = ends ?? [0, 1000];
  const height = shapes.viewBox.baseVal.height;
  shapes.setAttribute("viewBox", `${from} 0 ${to - from} ${height}`);
  chart.querySelectorAll(".end").forEach((tick) => tick.remove());
  chart.querySelector(".plot").classList.toggle("zoomed", Boolean(ends));
  const grid = chart.querySelector(".grid");
  for (const tick of grid.querySelectorAll("g")) {
    const parts = [...tick.children];
    tick.dataset.x ??= parseFloat(tick.querySelector("text").getAttribute("x"));
    const x = ((Number(tick.dataset.x) * 10 - from) / (to - from)) * 100;
    // The ends have labels of their own.
    tick.classList.toggle("hidden", ends ? x < 12 || x > 88 : false);
    parts.forEach((part) => (part.localName === "line" ? ["x1", "x2"] : ["x"]).forEach((key) => part.setAttribute(key, `${x}%`)));
  }
  if (ends) grid.append(...labels.map((label, at) => drawn("g", { class: "end" },
    drawn("text", { x: `${at * 100}%`, y: height - 14, "text-anchor": "middle" }, label))));
};

// The bar below the charts, and the band between two snapshots. `compareSnapshots` shows a pair.
const startSpan = (view, data, compareSnapshots) => {
  const charts = [...view.querySelectorAll("#chart-tracked, #chart-process")];
  const main = view.querySelector("#chart-tracked");
  if (!main) return { show: () => {} };
  const markOf = (chart, number) => chart.querySelector(`.mark[data-snapshot="${number}"]`);
  const xOf = (mark) => Number(mark.querySelector("line").getAttribute("x1"));
  const secondsOf = (number) => data.snapshots.find((snapshot) => snapshot.number === number).seconds;
  let [pair, isZoomed] = [null, false];

  const zoom = element("button", { type: "button" });
  const clear = element("button", { type: "button" }, "Show all of the time");
  const said = element("span", { class: "aside", role: "status" });
  const bar = element("div", { class: "bar span", hidden: true }, said, zoom, clear);
  charts.at(-1).after(element("p", { class: "more" }, "Drag across the chart, or go with Shift and the arrow keys from snapshot to snapshot, to compare both ends of a span of time."), bar);

  const draw = () => {
    const marks = pair && pair.map((number) => markOf(main, number));
    const isSpan = Boolean(marks && marks[0] && marks[1] && xOf(marks[0]) < xOf(marks[1]));
    if (!isSpan) isZoomed = false;
    bar.hidden = !isSpan;
    for (const chart of charts) {
      chart.querySelector(".band")?.remove();
      const ends = isSpan ? marks.map(xOf) : null;
      zoomChart(chart, isZoomed ? ends : null, isZoomed ? pair.map((number) => time(secondsOf(number))) : []);
      if (!isSpan || isZoomed) continue;
      const height = chart.querySelector(".shapes").viewBox.baseVal.height;
      chart.querySelector(".mark").before(drawn("rect", { class: "band", x: ends[0], width: ends[1] - ends[0], y: 12, height: height - 46 }));
    }
    if (!isSpan) return;
    said.textContent = `Snapshots ${pair[0]} to ${pair[1]}, ${time(secondsOf(pair[1]) - secondsOf(pair[0]))}`;
    zoom.textContent = isZoomed ? "Zoom out" : "Zoom to it";
  };
  const place = () => `snapshot-${pair.join("..")}${isZoomed ? "-zoomed" : ""}`;
  zoom.addEventListener("click", () => {
    isZoomed = !isZoomed;
    changePlace(place(), []);
    draw();
  });
  clear.addEventListener("click", () => {
    const last = pair[1];
    compareSnapshots(last);
    changePlace(`snapshot-${last}`, ["summary", "attributes"]);
    main.querySelector(".mark[tabindex='0']").focus();
  });

  // Chooses the span between two marks; the focus stays where it is.
  const choosePair = (a, b, isStep) => {
    const numbers = [a, b].sort((one, other) => xOf(one) - xOf(other)).map((mark) => Number(mark.dataset.snapshot));
    if (!isStep) window.history.pushState(null, "", location.href);
    changePlace(`snapshot-${[...new Set(numbers)].join("..")}`, ["summary", "attributes"]);
    compareSnapshots(...new Set(numbers));
  };
  let from = null;
  for (const mark of main.querySelectorAll(".mark")) {
    mark.addEventListener("pointerdown", (event) => {
      if (event.button === 0 && event.pointerType !== "touch") from = mark;
    });
    mark.addEventListener("pointermove", () => {
      if (!from) return;
      main.querySelector(".brush")?.remove();
      const [left, right] = [xOf(from), xOf(mark)].sort((a, b) => a - b);
      const height = main.querySelector(".shapes").viewBox.baseVal.height;
      main.querySelector(".mark").before(drawn("rect", { class: "brush", x: left, width: right - left, y: 12, height: height - 46 }));
    });
  }
  addEventListener("pointerup", (event) => {
    const to = event.target.closest?.("#chart-tracked .mark");
    main.querySelector(".brush")?.remove();
    if (from && to && to !== from) choosePair(from, to, false);
    from = null;
  });
  addEventListener("pointercancel", () => {
    main.querySelector(".brush")?.remove();
    from = null;
  });
  // The snapshot where the arrows began while Shift is held.
  let anchor = null;
  main.addEventListener("keyup", (event) => {
    if (event.key === "Shift") anchor = null;
  });
  main.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && pair) clear.click();
    if (!event.shiftKey || !["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) return;
    // The chart moves the focus before this is called.
    const now = event.target.closest(".mark");
    anchor ??= now;
    setTimeout(() => {
      const next = document.activeElement.closest(".mark");
      if (anchor && next) choosePair(anchor, next, true);
    }, 0);
  });
  return {
    // Shows that two snapshots were chosen, or none.
    show: (numbers, zoomed) => {
      pair = numbers.length === 2 ? numbers : null;
      isZoomed = zoomed && pair !== null;
      draw();
    },
  };
};
