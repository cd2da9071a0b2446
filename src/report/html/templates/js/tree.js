// Trees that open.

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
