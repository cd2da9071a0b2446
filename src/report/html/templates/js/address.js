// The address: a place, and behind it how tables are sorted and searched, as in
// `#snapshot-0..3&summary.sort=2-descending&summary.search=cart`.

const decoded = (text) => {
  try {
    return decodeURIComponent(text);
  } catch {
    // An escape that is none: then it is the text itself.
    return text;
  }
};

const readAddress = () => {
  const [place, ...settings] = location.hash.slice(1).split("&");
  const entry = (text) => {
    const at = text.indexOf("=");
    return at < 0 ? null : [text.slice(0, at), decoded(text.slice(at + 1))];
  };
  return { place, settings: new Map(settings.map(entry).filter((found) => found !== null)) };
};

// Writes it in place of the one that is there: nothing is gone to, and going back leads out.
const writeAddress = (place, settings) => {
  const texts = [...settings].map(([key, value]) => `&${key}=${encodeURIComponent(value)}`);
  window.history.replaceState(null, "", `#${place}${texts.join("")}`);
};

// Another place; the settings of tables that begin anew there are left out.
const changePlace = (place, anew) => {
  const { settings } = readAddress();
  for (const key of [...settings.keys()]) if (anew.includes(key.split(".")[0])) settings.delete(key);
  writeAddress(place, settings);
};

// The tables that can be linked to: by their element, their key and what sets them.
const linked = new Map();

// Keeps what a reader set of a table, or forgets it.
const keepSetting = (host, what, value) => {
  const { place, settings } = readAddress();
  const key = `${linked.get(host).key}.${what}`;
  settings.delete(key);
  if (value !== "") settings.set(key, value);
  writeAddress(place, settings);
};

// Sets a table as the address says.
const applySettings = (host) => {
  const { settings } = readAddress();
  const { key, set } = linked.get(host);
  const [, column, order] = /^(\d+)-(ascending|descending)$/.exec(settings.get(`${key}.sort`) ?? "") ?? [];
  const search = settings.get(`${key}.search`);
  if (column !== undefined || search !== undefined) set(column && [Number(column), order === "descending"], search);
};

const link = (host, key, set) => {
  linked.set(host, { key, set });
  // A view that is hidden is set when it is gone to.
  if (host.checkVisibility()) applySettings(host);
};

const applyAllSettings = (view) => {
  for (const host of linked.keys()) if (view.contains(host)) applySettings(host);
};
