// The page of a class: its snapshots, referents and instances.

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
