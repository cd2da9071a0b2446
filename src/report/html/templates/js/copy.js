// Copying tables and commands.

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
// All rows of a table that the script makes, not only those of the page that is shown.
const csvOfRows = (columns, rows) => {
  const value = (kind, value) => (value === Infinity ? kind.show(value) : String(value ?? ""));
  const lines = rows.map(({ values }) => columns.map(([, kind], at) => csvField(value(KINDS[kind], values[at]))));
  return [columns.map(([name]) => csvField(name)), ...lines].map((line) => `${line.join(",")}\r\n`).join("");
};
const markdownOfRows = (host, columns, rows, last) => {
  const lines = [...rows, ...last].map(({ values }) => columns.map(([, kind], at) => markdownCell(String(KINDS[kind].show(values[at])))));
  const kinds = columns.map(([, kind]) => (KINDS[kind].number ? "---:" : "---"));
  const table = [columns.map(([name]) => markdownCell(name)), kinds, ...lines].map((line) => `| ${line.join(" | ")} |`);
  const headings = [...host.closest("section").querySelectorAll("h2, h3, h4")].filter((heading) => heading.compareDocumentPosition(host) & Node.DOCUMENT_POSITION_FOLLOWING);
  return `### ${markdownCell(headings.at(-1).textContent)}\n\n${table.join("\n")}\n`;
};
const offerTable = (table) =>
  table.parentNode.after(element("p", {}, copyButton("Copy as CSV", () => csvOf(table)), " ", copyButton("Copy as Markdown", () => markdownOf(table))));
