// Elements, and figures as texts, in the units of the program. Whatever the pages show of a dump is read as JSON
// and shown as text; nothing of it is ever markup, script or style.

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
