// What the pages do beyond showing: tables that sort, search and turn pages, trees that open,
// values under the pointer. All data is read as JSON and shown as text; nothing of it is
// ever markup, script or style.
"use strict";
(() => {
  const PAGE = 25;

  // --- Elements and figures ---------------------------------------------------------------

  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value === true) made.setAttribute(key, "");
      else if (value !== undefined && value !== null && value !== false) made.setAttribute(key, value);
    }
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  };

  const drawn = (name, attributes, ...children) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };

  // Integers beyond 2^53 are texts; they are compared as numbers and shown whole.
  const grouped = (integer) => String(integer).replace(/\B(?=(\d{3})+$)/g, ",");
  const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
  const bytes = (count) => {
    let value = Number(count);
    if (Math.abs(value) < 1024) return `${grouped(Math.trunc(value))} B`;
    let unit = 0;
    // 1023.95 is the least that one decimal would round up to 1024.0.
    while (Math.abs(value) >= 1023.95 && unit < UNITS.length - 1) {
      value /= 1024;
      unit += 1;
    }
    return `${value.toFixed(1)} ${UNITS[unit]}`;
  };
  const share = (percent) => (percent > 0 && percent < 0.05 ? "<0.1 %" : `${percent.toFixed(1)} %`);
  const two = (count) => String(count).padStart(2, "0");
  const time = (seconds) => {
    if (seconds === null || seconds === undefined) return "–";
    const sign = seconds < 0 ? "-" : "";
    const value = Math.abs(seconds);
    // What would round to nothing is something.
    if (value > 0 && value < 0.0005) return `${sign}<1ms`;
    if (value < 0.9995) return `${sign}${(value * 1000).toFixed(0)}ms`;
    if (value < 59.95) return `${sign}${value.toFixed(1)}s`;
    // A thousand million days are no span that a person reads.
    if (value >= 8.64e13) return `${sign}${value.toExponential(0).replace("+", "")}s`;
    const whole = Math.round(value);
    const minutes = Math.floor(whole / 60);
    if (minutes < 60) return `${sign}${minutes}m${two(whole % 60)}s`;
    const hours = Math.floor(minutes / 60);
    if (hours < 24) return `${sign}${hours}h${two(minutes % 60)}m`;
    return `${sign}${Math.floor(hours / 24)}d${two(hours % 24)}h`;
  };
  const percent = (part, whole) => (Number(whole) === 0 ? 0 : (Number(part) * 100) / Number(whole));

  // A column's kind: how a value becomes text, what it is exactly, whether it is a number.
  const KINDS = {
    text: { show: (value) => value },
    count: { show: grouped, number: true },
    bytes: { show: bytes, exact: (value) => `${grouped(value)} B`, number: true },
    // `null` where the instance was not measured then, which is not the same as 0 bytes.
    measured: {
      show: (value) => (value === null ? "–" : bytes(value)),
      exact: (value) => (value === null ? "not alive or not measured then" : `${grouped(value)} B`),
      number: true,
    },
    change: { show: (value) => `${Number(value) > 0 ? "+" : ""}${bytes(value)}`, exact: (value) => `${grouped(value)} B`, number: true },
    countChange: { show: (value) => `${Number(value) > 0 ? "+" : ""}${grouped(value)}`, number: true },
    average: { show: (value) => bytes(Math.round(value)), number: true },
    share: { show: share, number: true },
    time: { show: time, exact: (value) => (value === null ? "" : `${value} s`), number: true },
    // Those alive come after all that died.
    death: { show: (value) => (value === Infinity ? "alive" : time(value)), number: true },
  };

  const cell = (kind, value, name = "td") => {
    const made = element(name, { class: kind.number ? "number" : "text", "data-value": value ?? "" });
    if (name === "th") made.scope = "row";
    if (kind.exact) made.title = kind.exact(value);
    made.textContent = kind.show(value);
    return made;
  };

  const compare = (a, b) => {
    if (typeof a === "string" && typeof b === "string" && (isNaN(a) || isNaN(b))) return a < b ? -1 : a > b ? 1 : 0;
    const [x, y] = [Number(a ?? -Infinity), Number(b ?? -Infinity)];
    return x < y ? -1 : x > y ? 1 : 0;
  };

  // --- Tables -----------------------------------------------------------------------------

  // Makes the header cells of a table sort. `numbers` says which columns begin descending;
  // `sorted(column, descending)` does it.
  const sortable = (headers, numbers, sorted) => {
    headers.forEach((header, column) => {
      if (header.classList.contains("picture")) return;
      const button = element("button", { type: "button" }, ...header.childNodes);
      header.append(button);
      button.addEventListener("click", () => {
        const now = header.getAttribute("aria-sort");
        const descending = now ? now === "ascending" : numbers[column];
        headers.forEach((other) => other.removeAttribute("aria-sort"));
        header.setAttribute("aria-sort", descending ? "descending" : "ascending");
        sorted(column, descending);
      });
    });
  };

  const ordered = (rows, value, descending) =>
    rows
      .map((row, place) => [value(row), place, row])
      .sort((a, b) => (descending ? compare(b[0], a[0]) : compare(a[0], b[0])) || a[1] - b[1])
      .map((entry) => entry[2]);

  // A table that stands in the page: its rows change places.
  const arrange = (table) => {
    const headers = [...table.tHead.rows[0].cells];
    const body = table.tBodies[0];
    const value = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent;
    const numbers = headers.map((header) => header.classList.contains("number"));
    sortable(headers, numbers, (column, descending) => {
      body.append(...ordered([...body.rows], (row) => {
        const text = value(row, column);
        return numbers[column] ? (text === "" ? null : text) : text;
      }, descending));
    });
  };

  // What is done to the tables of these elements before they are printed.
  const printing = new Map();

  // A table made of rows of values. `columns` are [name, kind]; `options` may have `last`
  // (rows that stay at the end), `sort` ([column, descending]), `search` (a label), `noun`,
  // `label` (what the table is, if the noun does not say it), `only` ([label, which rows], to be
  // ticked). A row may have `href` and `detail`.
  const build = (host, columns, all, options = {}) => {
    const kinds = columns.map(([, kind]) => KINDS[kind]);
    const headers = columns.map(([name], column) =>
      element("th", { scope: "col", class: kinds[column].number ? "number" : null }, name));
    const body = element("tbody");
    const table = element("table", {}, element("thead", {}, element("tr", {}, ...headers)), body);
    const status = element("span", { class: "aside", role: "status" });
    const turn = (by) => {
      const button = element("button", { type: "button" }, by < 0 ? "Previous" : "Next");
      // A button that is disabled loses the focus to the page, so these stay what they are and
      // only say that they lead nowhere.
      button.addEventListener("click", () => {
        if (button.getAttribute("aria-disabled") === "true") return;
        page += by;
        draw();
      });
      return button;
    };
    const [before, after] = [turn(-1), turn(1)];
    const bar = element("div", { class: "bar" });
    let [rows, page] = [all, 0];

    const draw = () => {
      const pages = Math.max(1, Math.ceil(rows.length / PAGE));
      page = Math.min(page, pages - 1);
      const [from, to] = [page * PAGE, Math.min((page + 1) * PAGE, rows.length)];
      body.replaceChildren(...rows.slice(from, to).map((row) => make(row)), ...(options.last ?? []).map((row) => make(row, "total")));
      say(from, to);
      before.setAttribute("aria-disabled", String(page === 0));
      after.setAttribute("aria-disabled", String(page === pages - 1));
      before.hidden = after.hidden = all.length <= PAGE;
    };
    const say = (from, to) => {
      const range = rows.length ? `${grouped(from + 1)}–${grouped(to)} of ` : "";
      const of = rows.length < all.length ? ` (of ${grouped(all.length)})` : "";
      status.textContent = `${range}${grouped(rows.length)} ${options.noun ?? "rows"}${of}`;
    };
    // Paper turns no pages: adds the rows of the other pages to those shown, which stay as they
    // are. Returns what takes them away again.
    const whole = () => {
      const [from, to] = [page * PAGE, Math.min((page + 1) * PAGE, rows.length)];
      const [above, below] = [rows.slice(0, from), rows.slice(to)].map((part) => part.map((row) => make(row)));
      body.prepend(...above);
      const last = body.querySelector("tr.total");
      if (last) last.before(...below);
      else body.append(...below);
      say(0, rows.length);
      return () => {
        for (const row of [...above, ...below]) row.remove();
        say(from, to);
      };
    };
    const make = (row, look) => {
      const made = element("tr", { class: look });
      columns.forEach((_, column) => made.append(cell(kinds[column], row.values[column], column ? "td" : "th")));
      if (row.href) {
        const first = made.cells[0];
        first.replaceChildren(element("a", { href: row.href }, first.textContent));
      }
      if (row.detail) expandable(made, row);
      return made;
    };
    const expandable = (made, row) => {
      const button = element("button", { type: "button", class: "open", "aria-expanded": "false" }, "▸ ", made.cells[0].textContent);
      made.cells[0].replaceChildren(button);
      button.addEventListener("click", () => {
        const opened = button.getAttribute("aria-expanded") === "true";
        button.setAttribute("aria-expanded", String(!opened));
        button.firstChild.textContent = opened ? "▸ " : "▾ ";
        if (opened) made.nextSibling.remove();
        else made.after(element("tr", { class: "detail" }, element("td", { colspan: columns.length }, row.detail())));
      });
    };

    let sorting = options.sort ?? null;
    let wanted = "";
    let input = null;
    const only = options.only && element("input", { type: "checkbox" });
    const refresh = () => {
      const words = wanted.toLowerCase();
      rows = words ? all.filter((row) => row.text.toLowerCase().includes(words)) : all;
      if (only?.checked) rows = rows.filter(options.only[1]);
      if (sorting) rows = ordered(rows, (row) => row.values[sorting[0]], sorting[1]);
      page = 0;
      draw();
    };
    if (options.search && all.length > 1) {
      input = element("input", { type: "search", "aria-label": options.search, placeholder: options.search, size: options.search.length });
      input.addEventListener("input", () => {
        wanted = input.value;
        refresh();
      });
      bar.append(input);
    }
    if (only && all.length > 1) {
      only.addEventListener("change", refresh);
      bar.append(element("label", {}, only, ` ${options.only[0]}`));
    }
    if (sorting) headers[sorting[0]].setAttribute("aria-sort", sorting[1] ? "descending" : "ascending");
    sortable(headers, kinds.map((kind) => Boolean(kind.number)), (column, descending) => {
      sorting = [column, descending];
      refresh();
    });
    bar.append(status, before, after);
    host.replaceChildren(bar, element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": options.label ?? options.noun }, table));
    refresh();
    printing.set(host, { rows: () => rows.length, whole });
    const searchFor = (text) => {
      if (only) only.checked = false;
      wanted = text;
      if (input) input.value = text;
      refresh();
    };
    return {
      // Shows the rows that have this text.
      search: (text) => {
        searchFor(text);
        (input ?? table).focus();
      },
      // Opens a row, on whichever page it is; its button.
      reveal: (row) => {
        searchFor("");
        const at = rows.indexOf(row);
        page = Math.floor(at / PAGE);
        draw();
        const button = body.rows[at - page * PAGE].querySelector("button.open");
        button.click();
        return button;
      },
    };
  };

  // --- Trees ------------------------------------------------------------------------------

  // A tree of rows {level, name, figures}, each before its own; `figures` are [text, exact].
  const tree = (rows, openTo) => {
    const root = element("ul", { class: "tree" });
    const lists = [root];
    rows.forEach((row, at) => {
      const line = element("span", { class: "row" }, element("span", { class: "name" }, row.name ?? "(no name)"));
      row.figures.forEach(([text, exact, extra]) =>
        line.append(element("span", { class: extra ? "figure extra" : "figure", title: exact }, text)));
      const item = element("li");
      const list = lists[Math.min(row.level - 1, lists.length - 1)];
      lists.length = Math.min(row.level, lists.length);
      if (rows[at + 1]?.level > row.level) {
        const below = element("ul");
        const details = element("details", { open: row.level <= openTo }, element("summary", {}, line), below);
        item.append(details);
        lists.push(below);
      } else {
        item.append(line);
      }
      list.append(item);
    });
    return root;
  };

  const rowsOf = (flat, width, make) => {
    const rows = [];
    for (let at = 0; at < flat.length; at += width) rows.push(make(...flat.slice(at, at + width)));
    return rows;
  };

  // --- The index page ---------------------------------------------------------------------

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
    if (flame) startFlame(flame, data.flame);
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
    host.replaceChildren(element("div", { class: "bar" }, oneLabel, otherLabel), heading, about, table);

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
      about.replaceChildren(element("p", { class: "remark" }, "What each class held at both, and the change; the page of a class shows its attributes at each snapshot."));
      build(table, diffColumns, rows, { last, sort: [2, true], search: "Search classes", noun: "classes", label: "differences of classes" });
    };
    showSnapshots = (...numbers) => {
      const places = numbers.map((number) => data.snapshots.findIndex((snapshot) => snapshot.number === number));
      if (places.includes(-1)) return null;
      // The older first, whichever was chosen first.
      places.sort((a, b) => a - b);
      [one.value, other.value] = [numbers[0], numbers[1] ?? ""];
      for (const mark of view.querySelectorAll(".mark")) mark.classList.toggle("chosen", numbers.includes(Number(mark.dataset.snapshot)));
      if (places.length === 1) show(places[0]);
      else compare(places);
      return heading;
    };
    const chosen = () => {
      // The focus stays in the list, so the address changes without being gone to.
      const numbers = [one.value, other.value].filter((value) => value !== "");
      window.history.replaceState(null, "", `#snapshot-${[...new Set(numbers)].join("..")}`);
      showSnapshots(...new Set(numbers.map(Number)));
    };
    one.addEventListener("change", chosen);
    other.addEventListener("change", chosen);
    showSnapshots(data.snapshots[data.peak ?? 0].number);
  };

  // Goes to the snapshot of a mark; with Shift to the difference from the one that is shown.
  const choose = (view, mark, isPair) => {
    if (view.id !== "index") return;
    const [first] = [...view.querySelectorAll("[data-panel] select")].map((select) => select.value);
    const number = mark.dataset.snapshot;
    location.hash = isPair && first !== number ? `#snapshot-${first}..${number}` : `#snapshot-${number}`;
  };

  // --- A class's page ---------------------------------------------------------------------

  const nameOf = ([number, description, seconds]) => snapshotName({ number, description, seconds });

  const history = (host, data) => {
    const rows = data.snapshots.map(([number, description, seconds, whole], at) => ({
      values: [number, description, seconds, ...figuresOf(data.active[at], data.sum[at], whole)],
      text: description,
    }));
    build(host, [["snapshot", "count"], ["description", "text"], ["at", "time"], ...summaryColumns.slice(2)], rows, {
      sort: [0, false],
      search: rows.length > PAGE ? "Search descriptions" : null,
      noun: "snapshots",
    });
  };

  const left = (count, cut) =>
    element("p", { class: "more" }, `${grouped(count)} more${cut ? ", and some that were too many to follow" : ""}; ctstats print --format json writes all.`);

  const referents = (host, data) => {
    const chooser = element("select", { "aria-label": "Snapshot" });
    const place = element("div");
    data.merged.forEach((merged, at) => chooser.append(element("option", { value: at }, nameOf(data.snapshots[merged.at]))));
    const draw = () => {
      const merged = data.merged[Number(chooser.value)];
      const rows = rowsOf(merged.rows, 5, (level, name, count, size, flat) => ({
        level,
        name: data.texts[name],
        figures: [
          [`× ${grouped(count)}`, "how many were merged", true],
          [bytes(size), `${grouped(size)} B, of its own ${grouped(flat)} B`],
          [share(percent(size, merged.size)), "of the class"],
        ],
      }));
      place.replaceChildren(
        element("p", { class: "aside" }, `${grouped(merged.objects)} ${merged.objects === 1 ? "instance" : "instances"}, ${bytes(merged.size)}`),
        rows.length ? tree(rows, 1) : element("p", { class: "nothing" }, "No referent is above 0.1 %."),
        ...(merged.left_out || merged.cut ? [left(merged.left_out, merged.cut)] : []),
      );
    };
    // The largest first: that is where the bytes are.
    const sizes = data.merged.map((merged) => Number(merged.size));
    chooser.value = String(sizes.indexOf(Math.max(...sizes)));
    chooser.addEventListener("change", draw);
    host.replaceChildren(element("label", { class: "bar" }, "At snapshot ", chooser), place);
    draw();
  };

  const detailOf = (data, instance) => {
    const parts = [];
    const heading = (text) => parts.push(element("h3", {}, text));
    if (instance.name !== null) parts.push(element("p", {}, `Its own class name: ${data.texts[instance.name]}`));
    parts.push(element("p", {}, element("code", {}, data.texts[instance.repr] || "no repr was recorded")));
    if (instance.trace !== null) {
      heading("Created by, outermost first");
      const trace = data.traces[instance.trace];
      if (trace.left_out) parts.push(element("p", { class: "more" }, `${grouped(trace.left_out)} outer frames are left out.`));
      parts.push(element("ol", { class: "frames" }, ...trace.frames.map((number) => {
        const [file, line, func, source] = data.frames[number];
        return element("li", {}, `${data.texts[file]}:${line} in ${data.texts[func]}`,
          source === null ? null : element("code", { class: "source" }, data.texts[source]));
      })));
    }
    heading("Sizes");
    let last = null;
    const samples = instance.samples.map(([moment, size, flat]) => {
      const known = typeof moment === "number";
      const seconds = known ? data.snapshots[moment][2] : moment[0];
      const name = known ? nameOf(data.snapshots[moment]) : seconds === instance.birth ? "born" : "between snapshots";
      const change = last === null ? "" : Number(size) - Number(last);
      last = size;
      return element("tr", {}, element("th", { scope: "row" }, name), cell(KINDS.time, seconds), cell(KINDS.bytes, size), cell(KINDS.bytes, flat),
        element("td", { class: "number", "data-value": change }, change === "" ? "" : `${change < 0 ? "-" : "+"}${bytes(Math.abs(change))}`));
    });
    parts.push(element("div", { class: "scroll" }, element("table", {},
      element("thead", {}, element("tr", {}, ...["snapshot", "at", "size", "of its own", "change"].map((name, at) =>
        element("th", { scope: "col", class: at ? "number" : null }, name)))),
      element("tbody", {}, ...samples))));
    if (instance.more) parts.push(left(instance.more));
    if (instance.of !== null) {
      const size = instance.samples[instance.of][1];
      heading(`What it held at its largest, ${bytes(size)}`);
      parts.push(tree(rowsOf(instance.referents, 4, (level, name, bytesOf, flat) => ({
        level,
        name: data.texts[name],
        figures: [
          [bytes(bytesOf), `${grouped(bytesOf)} B, of its own ${grouped(flat)} B`],
          [share(percent(bytesOf, size)), "of the instance"],
        ],
      })), 3));
      if (instance.left_out) parts.push(left(instance.left_out));
    }
    return element("div", {}, ...parts);
  };

  const instances = (host, data) => {
    const site = (instance) => {
      const frames = instance.trace === null ? [] : data.traces[instance.trace].frames;
      if (!frames.length) return "";
      const [file, line, func] = data.frames[frames[frames.length - 1]];
      return `${data.texts[file]}:${line} in ${data.texts[func]}`;
    };
    const atPeak = (instance) => (instance.samples.some(([moment]) => moment === data.peak) ? instance.peak : null);
    const rows = data.instances.map((instance) => ({
      values: [instance.address, instance.birth, instance.alive ? Infinity : instance.death, instance.size, atPeak(instance), data.texts[instance.repr], site(instance)],
      alive: instance.alive,
      text: `${instance.address} ${data.texts[instance.repr]} ${site(instance)}`,
      detail: () => detailOf(data, instance),
    }));
    const columns = [["address", "text"], ["born", "time"], ["died", "death"], ["largest", "bytes"], ["at peak", "measured"], ["repr", "text"], ["site", "text"]];
    const table = build(host, columns, rows, {
      sort: [3, true],
      only: ["Alive only", (row) => row.alive],
      search: "Search address, repr, site",
      noun: "instances",
    });
    return { ...table, open: (address) => table.reveal(rows.find((row) => row.values[0] === address)), has: (address) => rows.some((row) => row.values[0] === address) };
  };

  // What each attribute held at the first and at the last snapshot that has referents.
  const grown = (host, data) => {
    const [first, last] = [data.merged[0], data.merged.at(-1)];
    if (first === last) {
      host.append(element("p", { class: "more" }, "Referents were recorded at one of these snapshots only, so growth of attributes does not show."));
      return;
    }
    const sizes = (merged) => {
      const path = [];
      return new Map(rowsOf(merged.rows, 5, (level, name, count, size) => {
        path.length = level - 1;
        path.push(data.texts[name] ?? "(no name)");
        return [path.join(" → "), size];
      }));
    };
    const [before, after] = [sizes(first), sizes(last)];
    const rows = [...new Set([...after.keys(), ...before.keys()])].map((path) => {
      const [a, b] = [before.get(path) ?? 0, after.get(path) ?? 0];
      return { values: [path, difference(a, b), a, b], text: path };
    });
    build(host, [["attribute", "text"], ["growth", "change"], ["first", "bytes"], ["last", "bytes"]], rows, {
      sort: [1, true],
      search: rows.length > PAGE ? "Search attributes" : null,
      noun: "attributes",
    });
    host.prepend(element("h3", {}, "Attributes that grew"), element("p", {}, `From snapshot ${nameOf(data.snapshots[first.at])} to ${nameOf(data.snapshots[last.at])}; what was below 0.1 % of the class counts as 0 there.`));
  };

  // Instances come as lists, in the order of the fields that they have here.
  const named = ([[address, birth, death, alive], [size, peak, repr, name, trace], [samples, more], [of, referents, left_out]]) => {
    let flat = 0;
    return {
      address, birth, death, alive, size, peak, repr, name, trace, more, of, referents, left_out,
      // Bytes of its own are told only where they change.
      samples: samples.map(([moment, bytes, own]) => [moment, bytes, (flat = own ?? flat)]),
    };
  };

  // The tables of instances, by view.
  const instanceTables = new Map();

  const startClass = (view, data) => {
    data.instances = data.instances.map(named);
    const host = (name) => view.querySelector(name);
    if (host("[data-table=history]")) history(host("[data-table=history]"), data);
    if (host("[data-referents]")) {
      referents(host("[data-referents]"), data);
      grown(host("[data-table=grown]"), data);
    }
    const table = instances(host("[data-table=instances]"), data);
    instanceTables.set(view, table);
    for (const site of view.querySelectorAll("table.sites tbody th")) {
      const button = element("button", { type: "button", class: "copy" }, "Show instances");
      button.addEventListener("click", () => table.search(site.dataset.value));
      site.append(" ", button);
    }
  };

  // --- Copying ----------------------------------------------------------------------------

  const copied = (text) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const area = element("textarea", { readonly: true });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done ? Promise.resolve() : Promise.reject(new Error("copying is not allowed"));
  };

  const copyButton = (label, text) => {
    const button = element("button", { type: "button", class: "copy" }, label);
    button.addEventListener("click", async () => {
      let said = "Copied";
      try {
        await copied(text());
      } catch {
        said = "Not allowed";
      }
      button.textContent = said;
      setTimeout(() => (button.textContent = label), 1500);
    });
    return button;
  };

  // The exact figures of a table that stands in the page, or of the rows that one shows.
  const csvField = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const markdownCell = (text) => text.replace(/[\\`*_{}[\]<>|#]/g, "\\$&").replace(/\s+/g, " ").trim();
  const cellsOf = (row, exact) => [...row.cells].filter((cell) => !cell.classList.contains("picture"))
    .map((cell) => (exact && cell.dataset.value !== undefined ? cell.dataset.value : cell.textContent.trim()));
  const tableRows = (table, exact) => [...table.tHead.rows, ...table.tBodies[0].rows]
    .filter((row) => !row.classList.contains("detail")).map((row) => cellsOf(row, exact));
  const csvOf = (table) => tableRows(table, true).map((row) => row.map(csvField).join(",")).join("\r\n") + "\r\n";
  const markdownOf = (table) => {
    const rows = tableRows(table, false).map((row) => `| ${row.map(markdownCell).join(" | ")} |`);
    const kinds = [...table.tHead.rows[0].cells].filter((cell) => !cell.classList.contains("picture"))
      .map((cell) => (cell.classList.contains("number") ? "---:" : "---"));
    rows.splice(1, 0, `| ${kinds.join(" | ")} |`);
    const heading = table.closest("section").querySelector("h2");
    return `### ${markdownCell(heading.textContent)}\n\n${rows.join("\n")}\n`;
  };
  const offerTable = (table) =>
    table.parentNode.after(element("p", {}, copyButton("Copy as CSV", () => csvOf(table)), " ", copyButton("Copy as Markdown", () => markdownOf(table))));

  // --- Charts -----------------------------------------------------------------------------

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

  // --- The flame graph --------------------------------------------------------------------

  const ROW = 20;

  const startFlame = (host, { total, frames, left_out }) => {
    const nodes = frames.map(([parent, name, weight, kind]) => ({ name, weight, kind, parent: frames[parent] && parent, below: [] }));
    const root = { name: "all", weight: total, kind: "other", below: [] };
    // The widest come first, so those below a frame are in this order, too.
    for (const node of nodes) {
      node.above = node.parent === undefined ? root : nodes[node.parent];
      node.above.below.push(node);
    }
    const tell = (node) => `${node.name}: ${bytes(node.weight)}, ${share(percent(node.weight, total))}${node.kind === "own" ? ", own" : ""}`;
    const input = element("input", { type: "search", "aria-label": "Search frames", placeholder: "Search frames" });
    const whole = element("button", { type: "button" }, "Zoom out");
    const status = element("span", { class: "aside", role: "status" });
    const readout = element("p", { class: "readout" }, " ");
    const picture = drawn("svg", { class: "flame", role: "group", "aria-label": "Flame graph" });
    let [zoomed, current, boxes] = [root, root, new Map()];

    const found = () => {
      const words = input.value.toLowerCase();
      const matches = (node) => words !== "" && node.name.toLowerCase().includes(words);
      boxes.forEach((box, node) => box.classList.toggle("found", matches(node)));
      // What is below a frame that matches is a part of it.
      const sum = (node) => (matches(node) ? Number(node.weight) : node.below.reduce((all, below) => all + sum(below), 0));
      status.textContent = words === "" ? "" : `${nodes.filter(matches).length} frames match, ${share(percent(sum(root), total))}`;
    };
    const makeCurrent = (node) => {
      boxes.get(current)?.setAttribute("tabindex", "-1");
      current = node;
      boxes.get(node).setAttribute("tabindex", "0");
      readout.textContent = tell(node);
    };
    const draw = () => {
      const boxOf = (node, depth, x, width) => {
        const box = drawn("svg", { class: node.kind, x: `${x}%`, y: depth * ROW, width: `${width}%`, height: ROW, role: "img", tabindex: "-1", "aria-label": tell(node) },
          drawn("rect", { width: "100%", height: ROW - 1 }), drawn("text", { x: 4, y: 14 }, node.name));
        box.addEventListener("pointermove", () => (readout.textContent = tell(node)));
        box.addEventListener("focus", () => makeCurrent(node));
        box.addEventListener("click", () => zoom(node));
        boxes.set(node, box);
        return box;
      };
      boxes = new Map();
      const made = [];
      // What is above the frame that is zoomed in stays, as wide as the picture.
      const above = [];
      for (let node = zoomed; node; node = node.above) above.unshift(node);
      above.forEach((node, depth) => made.push(boxOf(node, depth, 0, 100)));
      let row = [[zoomed, 0, 100]];
      let depth = above.length;
      for (; row.length; depth += 1) {
        row = row.flatMap(([node, x, width]) => {
          let left = x;
          return node.below.map((below) => {
            const part = (width * Number(below.weight)) / Number(node.weight);
            left += part;
            return [below, left - part, part];
          });
        });
        made.push(...row.map(([node, x, width]) => boxOf(node, depth, x, width)));
      }
      picture.setAttribute("height", (depth - 1) * ROW);
      picture.replaceChildren(...made);
      found();
    };
    const zoom = (node) => {
      const hadFocus = picture.contains(document.activeElement);
      zoomed = node;
      draw();
      makeCurrent(node);
      if (hadFocus) boxes.get(node).focus();
    };
    const beside = (node, by) => node.above?.below[node.above.below.indexOf(node) + by];
    picture.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const to = { ArrowUp: () => current.above, ArrowDown: () => current.below[0], ArrowLeft: () => beside(current, -1), ArrowRight: () => beside(current, 1) }[event.key];
      // Frames that are not drawn have no box.
      if (to) boxes.get(to())?.focus();
      else if (event.key === "Enter" || event.key === " ") zoom(current);
      else if (event.key === "Escape") zoom(root);
      else return;
      event.preventDefault();
    });
    input.addEventListener("input", found);
    whole.addEventListener("click", () => zoom(root));
    host.replaceChildren(element("div", { class: "bar" }, input, whole, status), picture, readout,
      left_out ? element("p", { class: "more" }, `${grouped(left_out)} more frames are too narrow to be drawn.`) : "");
    draw();
    makeCurrent(root);
  };

  // --- All pages --------------------------------------------------------------------------

  const started = new Set();
  const start = (view) => {
    if (started.has(view)) return;
    started.add(view);
    view.querySelectorAll("table.sortable").forEach(arrange);
    const data = JSON.parse(view.querySelector("script.data").textContent);
    (view.id === "index" ? startIndex : startClass)(view, data);
    view.querySelectorAll(".chart").forEach((chart) => startChart(chart, view, data));
    view.querySelectorAll(".command").forEach((command) =>
      command.append(copyButton("Copy", () => command.querySelector("code").textContent)));
    view.querySelectorAll("section > .scroll > table").forEach((table) => offerTable(table));
  };

  // One view at a time. A report in one file has all of them in its page: those of classes in
  // templates, until they are opened, so that the browser need not lay them out.
  const inOne = document.querySelector("template") !== null;
  const title = document.title;

  const decoded = (text) => {
    try {
      return decodeURIComponent(text);
    } catch {
      // An escape that is none: then it is the text itself.
      return text;
    }
  };

  // The element of this id; takes its view out of the template that holds it.
  const find = (id) => {
    const there = document.getElementById(id);
    const held = there ? null : [...document.querySelectorAll("template")].find(({ content }) => content.getElementById(id));
    if (held) held.replaceWith(held.content);
    return there ?? document.getElementById(id);
  };

  // Says that an instance is not embedded, where instances are.
  const missing = (view, address) => {
    const heading = view.querySelector(`[id$="-instances"]`);
    view.querySelector(".missing")?.remove();
    const text = element("p", { class: "remark missing" }, `The instance at ${address} is not in this report; ctstats html --instances N embeds more.`);
    heading.after(text);
    return heading;
  };

  const route = () => {
    const id = decoded(location.hash.slice(1));
    const [, owner, address] = /^(class-\d+)-instance-(.*)$/.exec(id) ?? [];
    const target = id ? find(owner ?? id) : null;
    const views = [...document.querySelectorAll(".view")];
    const view = target?.closest(".view") ?? views[0];
    views.forEach((other) => (other.hidden = other !== view));
    start(view);
    if (inOne) document.title = view === views[0] ? title : `${view.querySelector("h1").textContent} – ${title}`;
    const pair = view.id === "index" && /^#snapshot-(\d+)(?:\.\.(\d+))?$/.exec(location.hash);
    const panel = pair && showSnapshots(...pair.slice(1).filter((number) => number !== undefined).map(Number));
    const table = owner && instanceTables.get(view);
    if (table) return [view, table.has(address) ? table.open(address) : missing(view, address)];
    return [view, panel || target];
  };

  // Goes to the place of the address; the focus, which may be in a view that is hidden now,
  // goes there as well.
  const go = () => {
    const [view, target] = route();
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
  if (location.hash.length > 1) addEventListener("load", go);

  // --- Printing ---------------------------------------------------------------------------

  // Rows of all tables that are printed beyond their first pages: some eighty sheets of paper.
  const PRINTED = 4000;

  // What makes the page again what it was.
  let restore = [];
  addEventListener("beforeprint", () => {
    const view = document.querySelector(".view:not([hidden])");
    for (const details of view.querySelectorAll("details:not([open])")) {
      details.open = true;
      restore.push(() => (details.open = false));
    }
    let left = PRINTED;
    for (const [host, { rows, whole }] of printing) {
      if (!view.contains(host) || rows() > left) continue;
      left -= rows();
      restore.push(whole());
    }
  });
  addEventListener("afterprint", () => {
    restore.forEach((step) => step());
    restore = [];
  });
})();
