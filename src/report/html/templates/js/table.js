// Tables that sort, search and turn pages.

// Rows of a page.
const PAGE = 25;

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
      showOrder(headers, column, descending);
      sorted(column, descending);
    });
  });
};

// Says by which column a table is sorted.
const showOrder = (headers, column, descending) => {
  headers.forEach((other) => other.removeAttribute("aria-sort"));
  headers[column].setAttribute("aria-sort", descending ? "descending" : "ascending");
};

const orderName = (column, descending) => `${column}-${descending ? "descending" : "ascending"}`;

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
  const sort = (column, descending) =>
    body.append(...ordered([...body.rows], (row) => {
      const text = value(row, column);
      return numbers[column] ? (text === "" ? null : text) : text;
    }, descending));
  sortable(headers, numbers, (column, descending) => {
    sort(column, descending);
    keepSetting(table, "sort", orderName(column, descending));
  });
  // `changed`, `snapshots`, `sites`: the section that it stands in.
  link(table, table.closest("section").getAttribute("aria-labelledby").replace(/^class-\d+-/, ""), (order) => {
    if (!order || !headers[order[0]]?.querySelector("button")) return;
    showOrder(headers, ...order);
    sort(...order);
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
      keepSetting(host, "search", wanted);
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
    keepSetting(host, "sort", orderName(column, descending));
    refresh();
  });
  const copies = all.length ? [copyButton("Copy as CSV", () => csvOfRows(columns, rows)), copyButton("Copy as Markdown", () => markdownOfRows(host, columns, rows, options.last ?? []))] : [];
  bar.append(status, before, after, ...copies);
  host.replaceChildren(bar, element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": options.label ?? options.noun }, table));
  refresh();
  link(host, host.dataset.table, (order, search) => {
    if (order && headers[order[0]]) {
      sorting = order;
      showOrder(headers, ...order);
    }
    if (search !== undefined && input) input.value = wanted = search;
    refresh();
  });
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
