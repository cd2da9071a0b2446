// The flame graph.

const ROW = 20;

const startFlame = (host, { total, frames, left_out }, pages) => {
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
  // Sites by the names of their frames: `file:line in function` there, `function (file:line)` here.
  const sites = new Map([...host.closest("section").querySelectorAll("table.sites tbody th")].map((cell) => {
    cell.tabIndex = -1;
    const [, line, name] = /^(.*) in (.*)$/.exec(cell.dataset.value) ?? [];
    return [`${name} (${line})`, cell];
  }));
  // A site leads to the pages of the classes that were created there.
  for (const node of nodes) {
    const site = node.kind === "class" && pages.has(node.name) && sites.get(node.above.name);
    const isThere = site && [...site.querySelectorAll("a")].some((there) => there.textContent === node.name);
    if (site && !isThere) site.append(" ", element("a", { href: pages.get(node.name) }, node.name));
  }
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
    readout.replaceChildren(tell(node));
    // The way on: to the page of a class, to the site of a line of the program's own.
    if (node.kind === "class" && pages.has(node.name)) readout.append(" ", element("a", { href: pages.get(node.name) }, "its page"));
    const site = sites.get(node.name);
    if (site) {
      const go = element("button", { type: "button", class: "copy" }, "Show among the sites");
      go.addEventListener("click", () => {
        site.scrollIntoView({ block: "center" });
        site.focus();
      });
      readout.append(" ", go);
    }
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
