// Which attributes grew from one snapshot to another, by the rule of `ctstats diff --referents`.

// An attribute says it all if so much of what its parent grew by is its own, in percent.
const SAYS_IT_ALL = 90;

// Rows of those attributes of a class that grew, but for those of which a single part says it all.
const grownIn = ({ attributes }, [name, href], [before, after]) => {
  const growth = attributes.map(([, , , bytes]) => Number(bytes[after]) - Number(bytes[before]));
  const told = growth.map((by) => by > 0);
  attributes.forEach(([parent], at) => {
    if (parent !== null && growth[at] * 100 >= growth[parent] * SAYS_IT_ALL) told[parent] = false;
  });
  const paths = [];
  attributes.forEach(([parent, own]) => paths.push(parent === null ? own ?? "(no name)" : `${paths[parent]} → ${own ?? "(no name)"}`));
  return attributes.flatMap(([, , counts, bytes], at) => (told[at] ? [{
    values: [name, paths[at], difference(bytes[before], bytes[after]), bytes[before], bytes[after], counts[before], counts[after]],
    text: `${name} ${paths[at]}`,
    href,
  }] : []));
};

const attributeColumns = [["class", "text"], ["attribute", "text"], ["growth", "change"], ["before", "bytes"], ["after", "bytes"],
  ["referents, before", "count"], ["after", "count"]];

// What the rows do not say.
const attributeNotes = (data, classes, [before, after]) => {
  const notes = [];
  const isHalf = ({ class: at, measured }) =>
    measured.includes(before) !== measured.includes(after) && data.snapshots[before].active[at] > 0 && data.snapshots[after].active[at] > 0;
  const half = classes.filter(isHalf).length;
  if (half) notes.push(`Of ${grouped(half)} ${half === 1 ? "class" : "classes"} referents were recorded at one of both snapshots only; what they held counts as 0 at the other.`);
  const left = classes.reduce((sum, { left_out }) => sum + left_out, 0);
  if (left) notes.push(`${grouped(left)} attributes that changed least are not in this report; ctstats diff --referents has them.`);
  if (classes.some(({ cut }) => cut)) notes.push("Some referents were too many to follow.");
  return notes.map((note) => element("p", { class: "more" }, note));
};

let readAttributes = null;

// Fills the host with the attributes that grew between these places of the snapshots. `isWanted`
// says whether they still are once they are unpacked.
const showAttributes = async (host, data, places, isWanted) => {
  const script = document.querySelector("script.packed-attributes");
  const nothing = (text) => host.replaceChildren(element("p", { class: "nothing" }, `${text} `,
    element("code", {}, "tracker.track_class(Cls, resolution_level=2)"), " records them."));
  const heading = element("h4", {}, "Attributes that grew");
  if (!script) {
    nothing("No referents were recorded, so growth of attributes does not show.");
    host.prepend(heading);
    return;
  }
  try {
    readAttributes ??= unpacked(script);
    const { classes } = await readAttributes;
    if (!isWanted()) return;
    const measured = classes.filter(({ measured }) => places.some((place) => measured.includes(place)));
    if (!measured.length) {
      nothing("At neither of these snapshots referents were recorded, so growth of attributes does not show.");
      host.prepend(heading);
      return;
    }
    const table = element("div", { class: "table", "data-table": "attributes" });
    host.replaceChildren(heading,
      element("p", { class: "remark" }, "Without those of which a single part says it all. The page of a class has its referents at each snapshot."),
      table, ...attributeNotes(data, measured, places));
    build(table, attributeColumns, measured.flatMap((entry) => grownIn(entry, data.classes[entry.class], places)), {
      sort: [2, true], search: "Search attributes", noun: "attributes",
    });
  } catch (error) {
    host.replaceChildren(heading, element("p", { class: "remark" }, `This browser cannot unpack the attributes (${error}); ctstats diff --referents tells them.`));
  }
};
