// Opens HTML reports in headless Chromium and holds every figure on them against the JSON of
// `summary` and `print`, and every page against the rules of axe.
//
//     npm ci --prefix tests/browser && node tests/browser/report.mjs target/release/ctstats [SHOTS]
//
// PYTHON names a Python with Pympler; unless it is set, that of .ci/run.
// With a folder SHOTS it leaves screenshots of the pages there, 1280 and 400 pixels wide.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [, , binary, shots] = process.argv;
const ctstats = resolve(binary);
// Pympler for Python, which .ci/run installs.
const python = process.env.PYTHON ?? resolve(import.meta.dirname, "../../target/pympler/bin/python");
const folder = mkdtempSync(join(tmpdir(), "ctstats-report-"));
const fixture = (name) => resolve(import.meta.dirname, "../../fixtures", name);
const run = (...args) => execFileSync(ctstats, args, { maxBuffer: 1 << 28 }).toString();
const json = (...args) => JSON.parse(run(...args, "--format", "json"));

// What the pages show of a text: control characters escaped, at most 500 characters.
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

let checks = 0;
const equal = (a, b, what) => {
  checks += 1;
  assert.deepEqual(a, b, what);
};
const near = (a, b, what) => {
  checks += 1;
  assert.ok(Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b)), `${what}: ${a} is not ${b}`);
};

// A page that fails the test on any complaint of the browser, and on any request but for files.
const open = async (url, options = {}) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.on("console", (message) => assert.fail(`${url}: console: ${message.text()}`));
  page.on("pageerror", (error) => assert.fail(`${url}: ${error}`));
  page.on("dialog", () => assert.fail(`${url}: a dialog`));
  page.on("request", (request) => assert.ok(request.url().startsWith("file:"), request.url()));
  page.on("requestfailed", (request) => assert.fail(`${request.url()} failed`));
  await page.goto(url);
  return page;
};

// Whoever cannot see, point or tell colours apart can use the page: no rule of axe is broken.
const axe = readFileSync(join(import.meta.dirname, "node_modules/axe-core/axe.min.js"), "utf8");
const checkRules = async (page, what) => {
  if (!(await page.evaluate("'axe' in window"))) await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run(document, { preload: false, resultTypes: ["violations"] }));
  equal(violations.map(({ id, nodes }) => [id, nodes.map((node) => node.target.join(" "))]), [], `${what}: axe`);
};

// What has the focus, in words.
const focused = (page) => page.evaluate(() => {
  const { activeElement: element, body } = document;
  return element === body ? "nothing" : `${element.localName} ${element.textContent}`;
});

// Every label of the charts that are shown is in its picture; how many there are.
const checkLabels = async (page, what) => {
  const labels = await page.$$eval(".plot", (all) => all.filter((plot) => plot.checkVisibility()).flatMap((plot) => {
    const { left, right } = plot.getBoundingClientRect();
    // Of a chart that is zoomed some labels are left out.
    return [...plot.querySelectorAll(".grid text, .edge text")].filter((text) => !text.closest(".hidden, .zoomed .edge")).map((text) => {
      const box = text.getBoundingClientRect();
      return [text.textContent, box.width > 0, box.left >= left && box.right <= right];
    });
  }));
  equal(labels.filter(([text, shows, inside]) => text && !(shows && inside)), [], `${what}: labels of axes`);
  return labels.length;
};

const rows = (page, selector) =>
  page.$$eval(`${selector} tbody tr:not(.detail)`, (all) =>
    all.map((row) => [...row.cells].map((cell) => cell.dataset.value ?? cell.textContent)));

// All rows of a table that turns pages.
const allRows = async (page, selector) => {
  const all = [];
  for (;;) {
    all.push(...(await rows(page, selector)).filter((row) => row[0] !== "total" && !/^[\d,]+ more classes$/.test(row[0])));
    const next = await page.$(`${selector} .bar button:nth-of-type(2):not([aria-disabled=true]):not([hidden])`);
    if (!next) return all;
    await next.click();
  }
};

// Snapshots at no finite moment are in tables only.
const timed = (summary) => summary.snapshots.filter((snapshot) => snapshot.timestamp_seconds !== null).length;

// --- The index page against `summary` ----------------------------------------------------

const PANEL = "#index [data-panel]";
const TABLE = `${PANEL} > .table`;

// Chooses a snapshot in the panel, or two.
const choosers = async (page, [one, other = ""]) => {
  await page.selectOption(`${PANEL} select >> nth=0`, String(one));
  await page.selectOption(`${PANEL} label:nth-of-type(2) select`, String(other));
};

const classesOf = (leaks) => [...leaks.suspects, ...leaks.more_suspects, ...leaks.filling, ...leaks.cleared];
const verdictOf = (leaks, shown) => {
  const found = classesOf(leaks).find((c) => shownAs(c.class) === shown);
  return { likely: "likely leak", possible: "possible leak", filling: "may be filling", no: "no leak seen" }[found?.confidence] ?? "no verdict";
};

// The difference of the first snapshot and the last.
const checkPair = async (page, summary) => {
  const [first, last] = [summary.snapshots[0], summary.snapshots.at(-1)];
  if (first === last) return;
  await choosers(page, [first.snapshot, last.snapshot]);
  equal(new URL(page.url()).hash, `#snapshot-${first.snapshot}..${last.snapshot}`, "the address of a pair");
  const of = (snapshot) => snapshot.classes.map((c) => [shownAs(c.class), c.sum_bytes, c.active]).sort();
  const shown = (await allRows(page, TABLE)).map((row) => [row[0], Number(row[3]), Number(row[6]), Number(row[4]), Number(row[7]), Number(row[2]), Number(row[5])]).sort();
  // JSON.parse rounds what is beyond 2^53; the page does not.
  shown.forEach(([name, bytes, active, later, more, change, born], at) => {
    const [[, a, b], [, c, d]] = [of(first)[at], of(last)[at]];
    equal([bytes, active, later, more, born], [a, b, c, d, d - b], `${name}: both snapshots`);
    near(change, c - a, `${name}: the change`);
  });
  await choosers(page, [last.snapshot]);
};

// The attributes that grew between two snapshots against `diff --referents`, which tells the twenty
// that grew most.
const checkAttributes = async (page, dump, summary) => {
  const numbers = summary.snapshots.map(({ snapshot }) => snapshot);
  const [first, last, middle] = [numbers[0], numbers.at(-1), numbers[numbers.length >> 1]];
  let seen = 0;
  for (const [from, to] of [[first, last], [first, middle], [middle, last], [middle, middle + 1]]) {
    if (from === to || !numbers.includes(to)) continue;
    await choosers(page, [from, to]);
    await page.waitForSelector("[data-attributes] h4");
    const { referents } = json("diff", dump, "--referents", "--from", String(from), "--to", String(to));
    const shown = (await page.$("[data-attributes] table")) ? await allRows(page, "[data-attributes] .table") : [];
    const path = (names) => names.map((name) => (name === null ? "(no name)" : shownAs(name))).join(" → ");
    const row = (r) => [shownAs(r.class), path(r.path), r.bytes_change, r.bytes_before, r.bytes_after, r.count_before, r.count_after].map(String).join("|");
    const told = new Set(shown.map((cells) => cells.join("|")));
    equal(referents.map(row).filter((line) => !told.has(line)), [], `attributes from ${from} to ${to}`);
    equal(shown.slice(0, 20).map((cells) => Number(cells[2])), referents.map((r) => r.bytes_change), `growth of attributes from ${from} to ${to}`);
    seen += shown.length;
    if (shown.length && from === first && to === last) await checkRules(page, "attributes");
  }
  await choosers(page, [last]);
  equal((await page.$$("[data-attributes] > *")).length, 0, "no attributes of one snapshot");
  return seen;
};

// What `leaks` says stands first: the headline, a card for each suspect, a line for each other.
const checkAnswer = async (page, leaks) => {
  equal(await page.$eval("#index section", (section) => section.getAttribute("aria-labelledby")), "verdict", "the first section");
  equal((await page.$$("#index .cards .card")).length, leaks.suspects.length, "a card for each suspect");
  for (const [at, suspect] of leaks.suspects.entries()) {
    const card = `#index .card:nth-of-type(${at + 1})`;
    equal(await page.textContent(`${card} h3`), shownAs(suspect.class), "a suspect");
    equal(await page.textContent(`${card} .badge`), `leak ${suspect.confidence}`, "its verdict");
    equal(await page.$$eval(`${card} .command code`, (all) => all.map((code) => code.textContent)), suspect.next, "its commands");
    const text = await page.textContent(card);
    const places = suspect.kept.origins.slice(0, 3).filter((origin) => origin.file !== null).map((origin) => `${origin.file}:${origin.line}`);
    for (const place of places) assert.ok(shownAs(text).includes(shownAs(place)), `${place} is not in ${text}`);
    checks += places.length;
  }
};

const checkIndex = async (page, summary, leaks) => {
  const list = await page.$$eval("#snapshot-list tbody tr", (all) => all.map((row) => [...row.cells].map((cell) => cell.dataset.value ?? cell.textContent)));
  equal(list.length, summary.snapshots.length, "snapshots");
  for (const [place, snapshot] of summary.snapshots.entries()) {
    const number = (value) => (value === null ? "" : String(value));
    equal(list[place].filter((_, column) => column !== 1), [
      snapshot.snapshot, snapshot.timestamp_seconds, snapshot.tracked_total_bytes, snapshot.process_resident_bytes,
      snapshot.process_virtual_bytes, snapshot.asizeof_total_bytes, snapshot.overhead_bytes,
    ].map(number), `snapshot ${place}`);
    // The panel shows one snapshot at a time.
    await choosers(page, [snapshot.snapshot]);
    const shown = await allRows(page, TABLE);
    equal(shown.length, snapshot.classes.length, "classes");
    equal(shown.map((row) => row[1]), shown.map(([name]) => verdictOf(leaks, name)), "verdicts");
    const sorted = (table) => table.map((row) => row.slice(-4).map(Number)).sort((a, b) => b[1] - a[1] || b[0] - a[0]);
    const expected = sorted(snapshot.classes.map((c) => [c.class, c.active, c.sum_bytes, c.average_bytes, c.share_percent]));
    sorted(shown).forEach((row, at) => row.forEach((value, column) => near(value, expected[at][column], `snapshot ${place}`)));
    const total = (await rows(page, TABLE)).at(-1);
    [snapshot.total.active, snapshot.total.sum_bytes, snapshot.total.average_bytes, snapshot.total.share_percent]
      .forEach((value, column) => near(Number(total[column + 2]), value, `total of snapshot ${place}`));
    // The bar has a part for each class above 3 %, and one for the others.
    const notable = snapshot.classes.filter((c) => c.sum_bytes * 100 > 3 * snapshot.total.sum_bytes);
    const others = snapshot.total.sum_bytes - notable.reduce((sum, c) => sum + c.sum_bytes, 0);
    // (Negative sizes, which only hand-made dumps have, have no length.)
    if (snapshot.classes.every((c) => c.sum_bytes >= 0)) equal(await page.$$eval(`${PANEL} svg.share rect`, (all) => all.length), notable.length + (others > 0 ? 1 : 0), "parts of the bar");
  }
  await checkPair(page, summary);
  await checkAnswer(page, leaks);
  // What each class held at its own largest, and at which snapshot that was.
  const sums = (name) => summary.snapshots.map((snapshot) => snapshot.classes.find((c) => shownAs(c.class) === name)?.sum_bytes ?? null);
  for (const row of await rows(page, "#index section:has(#changed)")) {
    const held = sums(row[0]);
    const most = Math.max(...held);
    equal([5, 6, 7, 4, 2].map((column) => (row[column] === "" ? null : Number(row[column]))),
      [held[0], most, most > 0 ? summary.snapshots[held.indexOf(most)].snapshot : null, held.at(-1), held.at(-1) - held[0]], `${row[0]}: its largest`);
    equal(row[1], verdictOf(leaks, row[0]), `${row[0]}: its verdict`);
  }
  // The legend names what is drawn, and nothing else.
  const lines = await page.$$eval("#index .chart path.line", (all) => all.filter((path) => path.getTotalLength() > 0).map((path) => path.textContent));
  const stacked = await page.$$eval("#index #chart-tracked path.area", (all) => all.map((path) => [path.textContent, path.getBBox().height > 0]));
  // An area may be too thin to be seen.
  const areas = stacked.filter(([name, isSeen]) => isSeen || sums(name).some((bytes) => bytes > 0)).map(([name]) => name);
  const named = await page.$$eval("#index section:has(#memory) .legend li", (all) => all.map((entry) => entry.textContent));
  equal(named.sort(), [...areas, ...lines].sort(), "the legend");
  await checkLabels(page, "index");
  // Charts: a mark for each snapshot, one tab stop, and one time axis.
  const charts = await page.$$("#index .chart");
  for (const chart of charts) {
    equal(await chart.$$eval(".mark", (marks) => marks.length), timed(summary), "marks");
    equal(await chart.$$eval("[tabindex='0']", (all) => all.length), Math.min(1, timed(summary)), "one tab stop a chart");
    equal(await chart.$$eval(".frame > title, .frame > desc", (all) => all.length === 2 && all.every((text) => text.textContent.length > 5)), true, "titles");
  }
  const axes = await page.$$eval("#index .chart", (all) => all.map((chart) => [...chart.querySelectorAll(".mark line")].map((line) => line.getBoundingClientRect().x)));
  for (const axis of axes) equal(axis, axes[0], "time axes");
  // Suspects are at the bottom, whatever their size.
  const drawn = stacked.map(([name]) => name);
  const suspects = leaks.suspects.map((suspect) => shownAs(suspect.class)).filter((name) => drawn.includes(name));
  equal(drawn.slice(0, suspects.length), suspects, "suspects are drawn first");
};

// --- A class's page against `print` and `summary` ----------------------------------------

const checkClass = async (page, view, name, summary, objects, lives, isMoved = false) => {
  const at = (selector) => `${view} ${selector}`;
  const figure = (key) => page.$eval(at(`[data-figure=${key}]`), (element) => Number(element.dataset.value));
  const sizes = objects.map((object) => object.size_bytes);
  near(await figure("objects"), objects.length, name);
  near(await figure("alive"), objects.filter((object) => object.alive).length, name);
  near(await figure("smallest_bytes"), Math.min(...sizes), name);
  near(await figure("largest_bytes"), Math.max(...sizes), name);
  near(await figure("average_bytes"), sizes.reduce((a, b) => a + b) / sizes.length, name);
  for (const key of ["died", "churn_per_second", "median_age_at_death_seconds", "p95_age_at_death_seconds", "median_survivor_age_seconds", "oldest_survivor_age_seconds"]) {
    if (lives[key] === null) equal((await page.$$(at(`[data-figure=${key}]:not([data-value=""])`))).length, 0, `${name}: ${key}`);
    else near(await figure(key), lives[key], `${name}: ${key}`);
  }

  const history = await allRows(page, at("[data-table=history]"));
  equal(history.length, summary.snapshots.length, "history");
  for (const [place, snapshot] of summary.snapshots.entries()) {
    const figures = snapshot.classes.find((entry) => entry.class === name);
    [figures.active, figures.sum_bytes, figures.average_bytes, figures.share_percent]
      .forEach((value, column) => near(Number(history[place][column + 3]), value, `${name} at ${place}`));
  }

  // Averages are rounded, not cut.
  const averages = await page.$$eval(at("[data-table=history] td:nth-child(6)"), (all) => all.map((cell) => [Number(cell.dataset.value), cell.textContent]));
  for (const [value, text] of averages) if (value >= 0 && value < 999) equal(text, `${Math.round(value)} B`, `${name}: an average`);

  // Its own largest in words.
  const held = summary.snapshots.map((snapshot) => snapshot.classes.find((entry) => entry.class === name).sum_bytes);
  const most = Math.max(...held);
  const lead = await page.textContent(at(".lead"));
  if (held.length) equal(/ were largest at snapshot (\d+)/.exec(lead)?.[1], most > 0 ? String(summary.snapshots[held.indexOf(most)].snapshot) : undefined, lead);

  const table = at("[data-table=instances]");
  const shown = await allRows(page, table);
  const largest = [...objects].sort((a, b) => b.size_bytes - a.size_bytes);
  equal(shown.map((row) => Number(row[3])), largest.slice(0, shown.length).map((object) => object.size_bytes), `${name}: sizes`);
  if (shown.length === objects.length && !isMoved) {
    // Who was not measured when the total was largest has no size then, which is not 0.
    const totals = summary.snapshots.map((snapshot) => snapshot.tracked_total_bytes);
    const peak = summary.snapshots[totals.indexOf(Math.max(0, ...totals))]?.timestamp_seconds;
    const atPeak = (object) => (object.samples.some((sample) => sample.time_seconds === peak) ? object.peak_size_bytes : null);
    const row = (object) => [object.address, object.birth_seconds, object.alive ? "Infinity" : object.death_seconds, object.size_bytes, atPeak(object)].map((value) => String(value ?? "")).join(" ");
    // JSON.parse rounds what is beyond 2^53; the page does not.
    const rounded = (cell) => (/^\d{16,}$/.test(cell) ? String(Number(cell)) : cell);
    const cells = (cells) => cells.slice(0, 5).map((cell) => rounded(cell.replace(/^[▸▾] /, ""))).join(" ");
    equal(shown.map(cells).sort(), objects.map(row).sort(), `${name}: instances`);
  }
  // Births, deaths and snapshots in the charts.
  const moments = new Set(objects.filter((object) => object.birth_seconds !== null)
    .flatMap((object) => [object.birth_seconds, object.death_seconds]).filter((moment) => moment !== null));
  const line = await page.$(at("svg[aria-labelledby*=-alive-] .line"));
  if (!isMoved) equal(line === null, moments.size === 0, `${name}: a line of instances`);
  if (line && moments.size < 200 && !isMoved) {
    const corners = await line.evaluate((path) => path.getAttribute("d").match(/[MLHV]/g).length);
    equal(corners, 2 * moments.size + 3, `${name}: two corners a step`);
  }
  for (const chart of await page.$$(at(".chart"))) {
    equal(await chart.$$eval(".mark", (marks) => marks.length), timed(summary), `${name}: marks`);
  }
  // All charts of a class have one time axis.
  await checkLabels(page, name);
  const axes = await page.$$eval(at(".chart"), (all) => all.map((chart) =>
    [...chart.querySelectorAll(".grid text[text-anchor=middle], .mark line")].map((at) => `${at.textContent} ${at.getAttribute("x") ?? at.getAttribute("x1")}`)));
  for (const axis of axes) equal(axis, axes[0], `${name}: time axes`);
  return shown;
};

// Opens the first instance of the table and compares its samples and frames.
const checkInstance = async (page, view, objects) => {
  const table = `${view} [data-table=instances]`;
  while (await page.$(`${table} .bar button:nth-of-type(1):not([aria-disabled=true]):not([hidden])`)) await page.click(`${table} .bar button:nth-of-type(1)`);
  await page.focus(`${table} button.open`);
  await page.keyboard.press("Enter");
  const address = await page.$eval(`${table} tbody tr th`, (cell) => cell.textContent.slice(2));
  const object = objects.find((candidate) => candidate.address === address);
  const detail = await page.waitForSelector(`${table} tr.detail`);
  const samples = await detail.$$eval("table tbody tr", (all) => all.map((row) => [...row.cells].slice(1).map((cell) => cell.dataset.value)));
  equal(samples.map((row) => row.map((cell) => (/^\d{16,}$/.test(cell) ? String(Number(cell)) : cell))), object.samples.map((sample) => [sample.time_seconds, sample.size_bytes, sample.flat_bytes, sample.change_bytes].map((value) => String(value ?? ""))), "samples");
  equal(await detail.$$eval(".frames > li", (all) => all.length), object.trace?.length ?? 0, "frames");
  const top = object.samples.filter((sample) => sample.referents.length).sort((a, b) => b.size_bytes - a.size_bytes)[0];
  const notable = (top?.referents ?? []).filter((row) => row.size_bytes > 0 && row.share_percent > 0.1);
  equal(await detail.$$eval(".tree .row", (all) => all.length), Math.min(60, notable.length), "referents");
  await checkRules(page, view);
  await page.click(`${table} button.open`);
  equal(await page.$$eval(`${table} tr.detail`, (all) => all.length), 0, "closed again");
};

// Sorting by a click and by the keyboard, searching, turning pages.
const checkTable = async (page, view) => {
  const table = `${view} [data-table=instances]`;
  const column = async (number) => (await rows(page, table)).map((row) => Number(row[number]));
  const header = `${table} thead th:nth-child(4)`;
  await page.click(`${header} button`);
  equal(await page.getAttribute(header, "aria-sort"), "ascending");
  const ascending = await column(3);
  equal(ascending, [...ascending].sort((a, b) => a - b), "ascending");
  await page.focus(`${header} button`);
  await page.keyboard.press("Enter");
  const descending = await column(3);
  equal(descending, [...descending].sort((a, b) => b - a), "descending");
  const before = await rows(page, table);
  equal(before.length, 25, "a page of rows");
  await page.click(`${table} .bar button:nth-of-type(2)`);
  const after = await rows(page, table);
  assert.notDeepEqual(after[0], before[0]);
  const [address] = after[0][0].replace(/^[▸▾] /, "").split(" ");
  await page.fill(`${table} input[type=search]`, address);
  const found = await rows(page, table);
  // Addresses are used again after a death.
  equal(found.length > 0 && found.length < 25 && found.every((row) => row[0].includes(address)), true, "found by its address");
  await page.fill(`${table} input[type=search]`, "nothing has this");
  equal((await rows(page, table)).length, 0, "nothing found");
  await page.fill(`${table} input[type=search]`, "");
  // At the last page and at the first the focus stays where it is.
  for (const [button, name] of [[2, "Next"], [1, "Previous"]]) {
    await page.focus(`${table} .bar button:nth-of-type(${button})`);
    for (;;) {
      const end = (await page.getAttribute(`${table} .bar button:nth-of-type(${button})`, "aria-disabled")) === "true";
      const shown = await rows(page, table);
      await page.keyboard.press("Enter");
      equal(await focused(page), `button ${name}`, "the focus");
      if (!end) continue;
      equal(await rows(page, table), shown, "no page beyond");
      break;
    }
  }
};

// --- One report ---------------------------------------------------------------------------

const hrefsOf = async (page, view) => new Set(await page.$$eval(`${view} a[href], link[href]`, (all) => all.map((link) => link.href)));

// A view as a list of its elements and texts, without references between pages and what the focus leaves behind.
const outline = (page, view) => page.$eval(view, (root) => {
  const lines = [];
  const walk = (node) => {
    if (node.nodeType === Node.TEXT_NODE && node.textContent.trim()) lines.push(node.textContent.trim());
    if (node.nodeType !== Node.ELEMENT_NODE || ["SCRIPT", "NOSCRIPT", "NAV"].includes(node.tagName)) return;
    const attributes = [...node.attributes].filter(({ name }) => name !== "href" && !(name === "tabindex" && node.localName === "h1")).map(({ name, value }) => `${name}=${value}`);
    lines.push(`<${node.localName} ${attributes.sort().join(" ")}>`);
    for (const child of node.childNodes) walk(child);
    lines.push(`</${node.localName}>`);
  };
  walk(root);
  return lines;
});

// What the script makes of a packed view is what the program writes into a page of its own. (The
// report with a page for each class was made before, with as many instances.)
const checkAsAlone = async (page, view, base) => {
  const alone = await open(alones.get(`${base.replace(/-single$/, "")} ${view}`));
  equal((await outline(page, view)).slice(1, -1), (await outline(alone, view)).slice(1, -1), `${view} in one file and alone`);
  await alone.context().close();
};
const alones = new Map();

const classRows = (print, name) => print.objects.filter((object) => object.class === name);

const check = async (name, args = []) => {
  const dump = fixture(name);
  const base = basename(name, ".dump") + (args.length ? "-single" : "");
  const file = join(folder, `${base} report 100%.html`);
  const made = spawnSync(ctstats, ["html", dump, "-o", file, "--title", `<b>${base}</b>`, "--instances", "1000", ...args]);
  equal(made.status, 0, `${made.stderr}`);
  // Where the clock was set back, times are moved; `print` writes those recorded.
  const isMoved = /the clock was set back/.test(made.stderr);
  const [summary, leaks, print, lifetimes] = [json("summary", dump), json("leaks", dump), json("print", dump), json("summary", dump, "--lifetimes")];
  const index = pathToFileURL(file).href;
  const page = await open(index);
  const heading = `<b>${base}</b>`;
  equal([await page.textContent("#index h1"), await page.title()], [heading, heading], "title");
  equal(await focused(page), "nothing", "the focus at first");
  const held = await page.$$eval("script.packed", (all) => all.map((script) => script.dataset.view));
  await checkRules(page, base);
  equal(await page.$$eval("#index header .remark", (all) => all.filter((text) => text.textContent.startsWith("Times contradict")).length), isMoved ? 1 : 0, "moved times are said");
  if (summary.snapshots.length) await checkIndex(page, summary, leaks);
  if (summary.snapshots.length) await checkRules(page, `${base}, a snapshot`);
  // (A dump may list a class twice; `diff` merges those, and JSON.parse rounds what is beyond 2^53.)
  const grew = summary.snapshots.length && !name.startsWith("edited/") ? await checkAttributes(page, dump, summary) : 0;
  if (/shop/.test(name)) assert.ok(grew > 0, "attributes grew");
  if (shots) await shoot(page, `${base}-index`);
  const hrefs = [...(await hrefsOf(page, "#index"))].map((to) => [index, to]);
  const links = await page.$$eval("#index .pages a", (all) => all.map((link) => [link.href, link.textContent]));
  const classes = new Set(print.objects.map((object) => object.class));
  assert.ok(links.length >= classes.size, "a link for each class");
  equal(new Set(links.map(([href]) => href)).size, links.length, "a page for each class");
  // In one file each view is packed until it is opened.
  equal(held, args.length ? links.map(([href]) => new URL(href).hash.slice(1)) : [], "packed views");
  for (const [href] of links) {
    assert.ok(href.startsWith(pathToFileURL(folder).href), href);
    await page.goto(href);
    // In one page the script shows the view of the hash, in its own time.
    if (args.length) await page.waitForSelector(new URL(href).hash, { state: "visible" });
    const view = `#${await page.$eval(".view:not([hidden])", (element) => element.id)}`;
    if (args.length) await checkAsAlone(page, view, base);
    // The page of number N is that of the Nth class of the index, which `info` does not name;
    // objects name it.
    const title = await page.textContent(`${view} h1`);
    equal(await page.title(), `${title} – ${heading}`, "the title follows the view");
    if (args.length) equal(await focused(page), `h1 ${title}`, "the focus follows the view");
    equal((await page.$$("main:not([hidden])")).length, 1, "one view");
    await checkRules(page, title);
    const known = [...classes].filter((candidate) => shownAs(candidate) === title);
    if (known.length === 1 && summary.snapshots.length) {
      const objects = classRows(print, known[0]);
      const lives = lifetimes.classes.find((entry) => entry.class === known[0]);
      const shown = await checkClass(page, view, known[0], summary, objects, lives, isMoved);
      if (!isMoved) await checkInstance(page, view, objects);
      if (shown.length > 25) await checkTable(page, view);
      if (shots && objects.length > 25) await shoot(page, `${base}-class`);
    }
    for (const to of await hrefsOf(page, view)) hrefs.push([href, to]);
    if (!args.length) alones.set(`${base} ${view}`, href);
    await page.click(`${view} nav a`);
    await page.waitForSelector("#index h1", { state: "visible" });
    equal(await page.title(), heading, "the title of the index");
    if (args.length) equal(await focused(page), `h1 ${heading}`, "the focus on the index");
  }
  equal(await page.evaluate(() => window.stolen), undefined, "no script of the dump ran");
  // Every link of every page leads somewhere; views that were opened are in the page now.
  for (const [from, to] of hrefs) {
    const target = new URL(to);
    assert.equal(target.protocol, "file:", to);
    checks += 1;
    assert.ok(existsSync(target), `${from}: ${to} leads nowhere`);
    if (!target.hash) continue;
    const id = decodeURIComponent(target.hash.slice(1)).replace(/-instance-.*$/, "");
    const markup = args.length || target.pathname === new URL(index).pathname ? null : readFileSync(target, "utf8");
    assert.ok(markup === null ? await page.$(`[id="${id}"]`) : markup.includes(` id="${id}"`), `${from}: ${to} leads nowhere`);
  }
  await page.context().close();
};

const ACTS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\u00ad\u180e\u200b\ufeff\ufff9-\ufffb]/g;
const shownAs = (text) => {
  const escaped = text.replace(ACTS, (c) =>
    ({ "\n": "\\n", "\r": "\\r", "\t": "\\t" })[c] ??
    (c < "\u0100" ? `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}` : `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`));
  return escaped.trim() ? escaped : `“${escaped}”`;
};

// What is printed: every snapshot with its classes, every page of a table. Then all is as before.
const checkPrint = async () => {
  const url = pathToFileURL(join(folder, "leaky_shop report 100%.html")).href;
  const page = await open(url);
  const seen = () => page.evaluate(() => window.seen());
  await page.addInitScript(() => {
    window.seen = () => ({
      open: [...document.querySelectorAll("details")].map((details) => details.open),
      rows: [...document.querySelectorAll(".table:not([data-table=grown]) table")].map((table) => table.tBodies[0].querySelectorAll(":scope > tr:not(.total)").length),
      pages: [...document.querySelectorAll(".bar")].map((bar) => bar.textContent),
      focus: document.activeElement.textContent,
    });
    addEventListener("load", () => addEventListener("beforeprint", () => (window.printed = window.seen())));
  });
  await page.goto(url);
  await page.focus("#index [data-panel] tbody a");
  const before = await seen();
  await page.pdf();
  const printed = await page.evaluate(() => window.printed);
  equal(printed.rows, [7], "the classes of the snapshot are printed");
  equal(printed.open.every(Boolean), true, "all is open on paper");
  const after = await seen();
  equal([after.open, after.focus], [before.open, before.focus], "open as before");
  // A class of more instances than a page of its table has, at its second page, one of them open.
  const { objects } = json("print", fixture("leaky_shop.dump"), "--class", "shop.Request");
  await page.goto(await page.$eval("#index .pages a:text('shop.Request')", (link) => link.href));
  await page.click("[data-table=instances] .bar button:nth-of-type(2)");
  await page.click("[data-table=instances] button.open");
  const [, instances] = (await seen()).rows;
  equal(instances, 26, "a page of rows, and a detail");
  await page.pdf();
  equal((await page.evaluate(() => window.printed)).rows[1], objects.length + 1, "all instances are printed");
  equal((await seen()).rows[1], 26, "a page of rows again");
  assert.match(await page.textContent("[data-table=instances] [role=status]"), /^26–50 of /);
  // On paper the table still says how many rows it has, and of which snapshot a tree is.
  await page.emulateMedia({ media: "print" });
  equal(await page.isVisible("[data-table=instances] [role=status]"), true);
  equal(await page.isVisible("[data-table=instances] .bar button"), false);
  await page.context().close();
};

// Hundreds of classes in one file: their views cost nothing until they are opened.
const checkMany = async () => {
  const dump = fixture("many_classes.dump.gz");
  const file = join(folder, "many report 100%.html");
  run("html", dump, "-o", file, "--single-file");
  const summary = json("summary", dump);
  const page = await open(pathToFileURL(file).href);
  const nodes = await page.evaluate(() => document.querySelectorAll("*").length);
  checks += 1;
  assert.ok(nodes < 15_000, `${nodes} elements before anything is opened`);
  const size = statSync(file).size;
  assert.ok(size < 3_000_000, `${size} bytes`);
  console.log(`300 classes: ${nodes} elements, ${size} bytes`);
  equal(await page.$$eval("script.packed", (all) => all.length), 300, "views that were not opened");
  await page.evaluate(() => addEventListener("beforeprint", () => {
    window.printed = [...document.querySelectorAll(".table [role=status]")].map((status) => status.textContent);
  }));
  await page.pdf();
  equal(await page.evaluate(() => window.printed), ["1–300 of 300 classes"], "the whole table is printed");
  await checkIndex(page, summary, json("leaks", dump));
  await checkRules(page, "many classes");
  const link = await page.$("#index section:has(#classes) a:text-is('many.Early')");
  await link.click();
  await page.waitForSelector("h1:text-is('many.Early')");
  equal(await page.$$eval("script.packed", (all) => all.length), 299, "one view was opened");
  const view = `#${await page.$eval(".view:not([hidden])", (element) => element.id)}`;
  equal(await page.textContent(`${view} .lead`), "8 instances tracked: 0 alive at the end, 8 died. They were largest at snapshot 1: 8 instances, 20.0 KiB. All classes together were largest at snapshot 12 (“step 12”): 0 instances, 0 B.");
  await checkClass(page, view, "many.Early", summary, json("print", dump, "--class", "many.Early").objects, json("summary", dump, "--lifetimes").classes.find((entry) => entry.class === "many.Early"));
  // The same moments, told by the script and by the program.
  const times = (cells) => page.$$eval(cells, (all) => all.map((cell) => cell.textContent));
  equal(await times(`${view} [data-table=history] td:nth-child(3)`), await times("#snapshot-list td:nth-child(3)"), "times");
  await page.goBack();
  await page.waitForSelector("#index h1", { state: "visible" });
  await page.goto(`${pathToFileURL(file).href}#class-7-instances`);
  await page.waitForSelector("#class-7", { state: "visible" });
  assert.match(await focused(page), /^h2 Instances/);
  await page.context().close();
};

// The largest report that is meant to be attached to something: 300 classes at 60 snapshots, with
// and without traces and referents.
const checkLarge = async () => {
  for (const kind of ["plain", "whole"]) {
    const dump = join(folder, `many ${kind} report 100%.html`).replace(/html$/, "dump");
    execFileSync(python, [join(import.meta.dirname, "many_snapshots.py"), dump, ...(kind === "plain" ? [kind] : [])]);
    const file = dump.replace(/dump$/, "html");
    run("html", dump, "-o", file, "--single-file");
    const page = await open(pathToFileURL(file).href);
    const nodes = await page.evaluate(() => document.querySelectorAll("*").length);
    const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime);
    const size = statSync(file).size;
    console.log(`300 classes, 60 snapshots, ${kind}: ${nodes} elements, ${size} bytes, first paint after ${Math.round(paint)} ms`);
    checks += 3;
    assert.ok(nodes < 15_000, `${nodes} elements before anything is opened`);
    assert.ok(size < 3_000_000, `${size} bytes`);
    assert.ok(paint < 1000, `first paint after ${paint} ms`);
    const link = await page.$("#index .pages a:text-is('application.package6.module15.Class55')");
    const [view, name] = [`#${(await link.getAttribute("href")).slice(1)}`, await link.textContent()];
    await link.click();
    await page.waitForSelector(view, { state: "visible" });
    await checkClass(page, view, name, json("summary", dump), json("print", dump, "--class", name).objects.filter((object) => object.class === name),
      json("summary", dump, "--lifetimes").classes.find((entry) => entry.class === name));
    await checkRules(page, name);
    await page.context().close();
    rmSync(dump);
  }
};

// Charts answer to the keyboard and to the pointer, and lead to snapshots; tables are copied.
const checkKeyboard = async (file) => {
  const page = await open(file, { permissions: ["clipboard-read", "clipboard-write"] });
  const chart = "#chart-tracked";
  await page.hover(`${chart} .mark:nth-of-type(2) rect`, { position: { x: 4, y: 40 } });
  assert.match(await page.textContent(`${chart} .readout`), /^snapshot 1/);
  await page.mouse.move(0, 0);
  // Classes are left out and shown again; with Shift one is alone.
  const areas = () => page.$$eval(`${chart} path.area`, (all) => all.filter((path) => path.checkVisibility()).map((path) => [path.textContent, path.getAttribute("d")]));
  const all = await areas();
  const toggle = "#index section:has(#memory) .legend .toggle";
  await page.focus(`${toggle} >> nth=0`);
  await page.keyboard.press("Enter");
  equal((await areas()).map(([name]) => name), all.slice(1).map(([name]) => name), "the first is hidden");
  equal(await page.getAttribute(`${toggle} >> nth=0`, "aria-pressed"), "false", "and says so");
  // What is above now stands on the axis.
  equal(/ 266Z$/.test((await areas())[0][1]), true, "stacked anew");
  await page.keyboard.press("Enter");
  equal(await areas(), all, "as before");
  await page.keyboard.press("Shift+Enter");
  equal((await areas()).map(([name]) => name), [all[0][0]], "alone");
  await page.keyboard.press("Shift+Enter");
  equal(await areas(), all, "as before");
  await page.focus(`${chart} .mark[tabindex='0']`);
  await page.keyboard.press("Home");
  assert.match(await page.textContent(`${chart} .readout`), /^snapshot 0/);
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement.localName === "h3");
  assert.match(await focused(page), /^h3 Snapshot 2/);
  equal(new URL(page.url()).hash, "#snapshot-2", "the address of a snapshot");
  await page.focus(`${chart} .mark[tabindex='0']`);
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Shift+Enter");
  await page.waitForFunction(() => location.hash === "#snapshot-2..1");
  await page.waitForFunction(() => document.activeElement.localName === "h3");
  assert.match(await focused(page), /^h3 From snapshot 1.* to 2/);
  const copy = async (button) => {
    const handle = await page.$(button);
    await handle.focus();
    await page.keyboard.press("Enter");
    await page.waitForFunction((element) => element.textContent === "Copied", handle);
    return page.evaluate(() => navigator.clipboard.readText());
  };
  equal(await copy("#index .card .command .copy >> nth=0"), await page.textContent("#index .card .command code"), "a command");
  const csv = await copy("#index section:has(#changed) .copy >> nth=0");
  const table = await rows(page, "#index section:has(#changed)");
  equal(csv.trim().split(/\r\n/).slice(1), table.map((row) => row.filter((_, column) => column !== 3).join(",")), "a table as CSV");
  // Of a table that turns pages all rows are copied, those that are searched for.
  const lines = (text) => text.trim().split(/\r?\n/);
  equal(lines(await copy(`${TABLE} .copy >> nth=0`)).length, 1 + (await allRows(page, TABLE)).length, "a table of the script as CSV");
  equal(lines(await copy(`${TABLE} .copy >> nth=1`)).length, 5 + (await allRows(page, TABLE)).length, "and as Markdown, with its heading and total");
  const markdown = await copy("#index section:has(#changed) .copy >> nth=1");
  equal(markdown.split("\n").filter((line) => line.startsWith("| ")).length, table.length + 2, "a table as Markdown");
  await page.context().close();
};

// A span of time is chosen by dragging and by keys; it can be zoomed to, linked to and left.
const checkSpan = async (file, summary) => {
  const page = await open(file);
  const hash = () => page.evaluate(() => location.hash);
  const chart = "#chart-tracked";
  const middle = async (number) => {
    const { x, y, width } = await (await page.$(`${chart} .mark[data-snapshot="${number}"] rect`)).boundingBox();
    return [x + width / 2, y + 100];
  };
  const last = summary.snapshots.at(-1).snapshot;
  await (await page.$(chart)).scrollIntoViewIfNeeded();
  await page.mouse.move(...(await middle(1)));
  await page.mouse.down();
  await page.mouse.move(...(await middle(2)));
  equal((await page.$$(`${chart} .brush`)).length, 1, "what is brushed shows");
  await page.mouse.move(...(await middle(last)));
  await page.mouse.up();
  equal(await hash(), `#snapshot-1..${last}`, "the address of a span");
  assert.match(await page.textContent(`${PANEL} h3`), new RegExp(`^From snapshot 1.* to ${last}`));
  const bar = "#index .bar.span";
  equal(await page.isVisible(bar), true, "what can be done with a span");
  equal((await page.$$("#index .band")).length, (await page.$$("#index .chart")).length, "a band in every chart");
  const xs = () => page.$$eval(`${chart} .mark line`, (all) => all.map((line) => line.getBoundingClientRect().x));
  const before = await xs();
  await page.click(`${bar} button >> nth=0`);
  equal(await hash(), `#snapshot-1..${last}-zoomed`, "the address of a zoom");
  const plot = await page.$eval(`${chart} .frame`, (frame) => { const { left, right } = frame.getBoundingClientRect(); return [left, right]; });
  const zoomed = await xs();
  near(Math.round(zoomed[1]), Math.round(plot[0]), "the span begins at the left");
  near(Math.round(zoomed.at(-1)), Math.round(plot[1]), "and ends at the right");
  await checkRules(page, "zoomed");
  await checkLabels(page, "zoomed");
  await page.reload();
  equal(await xs(), zoomed, "zoomed again");
  assert.match(await page.textContent(`${PANEL} h3`), /^From snapshot 1/);
  await page.focus(`${bar} button >> nth=1`);
  await page.keyboard.press("Enter");
  equal([await hash(), await page.isVisible(bar), (await page.$$("#index .band")).length], [`#snapshot-${last}`, false, 0], "all of the time");
  equal(await xs(), before, "as before");
  // By keys: from the second snapshot two on.
  await page.focus(`${chart} .mark[tabindex='0']`);
  await page.keyboard.press("Home");
  await page.keyboard.down("Shift");
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction(() => location.hash === "#snapshot-0..1");
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction(() => location.hash === "#snapshot-0..2");
  await page.keyboard.up("Shift");
  assert.match(await focused(page), /^g snapshot 2/);
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => location.hash === "#snapshot-2");
  checks += 5;
  await page.context().close();
};

// How tables are sorted and searched is in the address, and survives a reload and going back.
const checkSettings = async (file, isSingle) => {
  const page = await open(file);
  const names = async (table) => (await rows(page, table)).map((row) => row[0]);
  const hash = () => page.evaluate(() => location.hash);
  await page.click("#index section:has(#changed) thead th:nth-child(1) button");
  await page.click(`${TABLE} thead th:nth-child(3) button`);
  await page.fill(`${TABLE} input[type=search]`, "c&r=t");
  await page.fill(`${TABLE} input[type=search]`, "r");
  equal(await hash(), "#&changed.sort=0-ascending&summary.sort=2-descending&summary.search=r", "the address of tables");
  const seen = async () => [await names("#index section:has(#changed)"), await names(TABLE), await page.inputValue(`${TABLE} input[type=search]`)];
  const before = await seen();
  await page.reload();
  equal(await seen(), before, "after a reload");
  await page.click("#index .pages a >> nth=0");
  await page.waitForSelector(".view:not([hidden]) [data-table=instances] input");
  await page.fill(".view:not([hidden]) [data-table=instances] input[type=search]", "0x");
  assert.match(await hash(), /instances\.search=0x$/);
  if (isSingle) {
    await page.reload();
    await page.waitForSelector(".view:not([hidden]) [data-table=instances] input");
    equal(await page.inputValue(".view:not([hidden]) [data-table=instances] input[type=search]"), "0x", "after a reload of a class");
  }
  await page.goBack();
  await page.waitForSelector("#index h1", { state: "visible" });
  equal(await hash(), "#&changed.sort=0-ascending&summary.sort=2-descending&summary.search=r", "gone back");
  equal(await seen(), before, "after going back");
  // What is no setting is no fault.
  for (const odd of ["#&summary.sort=99-ascending", "#&changed.sort=3-ascending&x", "#snapshot-0&summary.search=%E0%A4%A&=&y=", "#&summary.sort=x"]) {
    await page.goto(file + odd);
    await page.reload();
    equal(await page.isVisible(`${TABLE} table`), true, odd);
  }
  checks += 1;
  await page.context().close();
};

// The flame graph against `sites`: what it weighs, whose frames are own, search, zoom, keyboard.
const checkFlame = async () => {
  const dump = fixture("leaky_shop.dump");
  const page = await open(pathToFileURL(join(folder, "leaky_shop report 100%.html")).href);
  const { total } = json("sites", dump);
  const readout = () => page.textContent("[data-flame] .readout");
  const bytes = await page.evaluate(() => JSON.parse(document.querySelector("script.data").textContent).flame.total);
  equal(bytes, total.size_bytes, "all of it");
  equal(await page.$$eval(".flame [tabindex='0']", (all) => all.length), 1, "one tab stop");
  const names = (kind) => page.$$eval(`.flame > .${kind}`, (all) => all.map((box) => box.textContent));
  equal((await names("own")).every((name) => name.includes("/leaky_shop.py:")), true, "own frames");
  const lines = json("sites", dump).sites.map((site) => `${site.frames.at(-1).function} (${site.frames.at(-1).file}:${site.frames.at(-1).line})`);
  const shown = new Set(await names("own"));
  equal(lines.filter((line) => !shown.has(line)), [], "the lines of all sites");
  await page.focus(".flame [tabindex='0']");
  const before = await names("own");
  for (const key of ["ArrowDown", "ArrowDown", "ArrowDown", "Enter"]) await page.keyboard.press(key);
  assert.match(await readout(), /^quarter_hour /);
  assert.ok((await names("own")).length < before.length, "zoomed in");
  assert.match(await focused(page), /^svg quarter_hour/);
  await page.keyboard.press("ArrowRight");
  assert.match(await readout(), /^quarter_hour /, "nothing beside it is drawn");
  await page.keyboard.press("Escape");
  equal(await names("own"), before, "zoomed out");
  await page.fill("[data-flame] input", "shop.Cart");
  equal(await page.$$eval(".flame .found", (all) => all.every((box) => box.textContent === "shop.Cart") && all.length > 1), true, "found");
  const carts = json("sites", dump, "--class", "shop.Cart").total.size_bytes;
  assert.match(await page.textContent("[data-flame] [role=status]"), new RegExp(`, ${((carts * 100) / total.size_bytes).toFixed(1)} %$`));
  // From a frame to the page of a class, and to the site of a line; from a site to its classes.
  const [leaf] = await page.$$(".flame > .class");
  await leaf.focus();
  equal(await page.$eval("[data-flame] .readout a", (link) => decodeURI(link.pathname)), await page.$eval(`#index .pages a:text-is('${await leaf.textContent()}')`, (link) => decodeURI(link.pathname)), "the page of a class");
  const own = await page.$$eval(".flame > .own", (all) => all.map((box) => box.textContent));
  const at = own.findIndex((name) => lines.includes(name));
  await page.focus(`.flame > .own >> nth=${at}`);
  await page.focus("[data-flame] .readout button");
  await page.keyboard.press("Enter");
  const [, name, line] = /^(.*) \((.*)\)$/.exec(own[at]);
  equal(await page.evaluate(() => document.activeElement.dataset.value), `${line} in ${name}`, "the site of a line");
  const created = new Map(json("print", dump).objects.filter(({ trace }) => trace).map(({ class: of, trace }) => [`${trace.at(-1).file}:${trace.at(-1).line} in ${trace.at(-1).function}`, of]));
  for (const [place, classes] of await page.$$eval("#index table.sites tbody th", (all) => all.map((cell) => [cell.dataset.value, [...cell.querySelectorAll("a")].map((link) => link.textContent)]))) {
    equal(classes.includes(created.get(place)), true, `${place} leads to ${created.get(place)}`);
  }
  checks += 6;
  await page.context().close();
};

// From a card to the oldest survivor, from a site to its instances; what grew; who is alive.
const checkLinks = async (args) => {
  const dump = fixture("leaky_shop.dump");
  const file = join(folder, `links${args.length} report 100%.html`);
  run("html", dump, "-o", file, ...args);
  const page = await open(pathToFileURL(file).href);
  const [{ kept: { oldest: [oldest] } }] = json("leaks", dump).suspects;
  await page.click("#index .card:nth-of-type(1) dd a");
  const table = "[data-table=instances]:visible";
  await page.waitForSelector(`${table} tr.detail`);
  equal(await focused(page), `button ▾ ${oldest.address}`, "the oldest");
  assert.match(await page.textContent(`${table} tr.detail`), new RegExp(oldest.repr.replace(/[<>]/g, ".")));
  await checkRules(page, "an instance");
  const { objects } = json("print", dump, "--class", "shop.Cart");
  const alive = objects.filter((object) => object.alive);
  await page.check(`${table} input[type=checkbox]`);
  const status = () => page.textContent(`${table} [role=status]`);
  assert.match(await status(), new RegExp(` ${alive.length} instances`));
  await page.click("table.sites:visible tbody tr:nth-child(2) button");
  const site = await page.getAttribute("table.sites:visible tbody tr:nth-child(2) th", "data-value");
  const created = objects.filter((object) => `${object.trace.at(-1).file}:${object.trace.at(-1).line} in ${object.trace.at(-1).function}` === site);
  assert.match(await status(), new RegExp(` ${created.length} instances`));
  // The attribute that holds them, at the last snapshot.
  const grown = (await rows(page, "[data-table=grown]:visible")).find(([path]) => path === "__dict__ → [V] items");
  const moments = json("summary", dump).snapshots.map((snapshot) => snapshot.timestamp_seconds);
  const itemsAt = (moment) => objects.flatMap(({ samples }) => samples.filter((sample) => sample.time_seconds === moment))
    .flatMap(({ referents }) => referents.filter((row) => row.name?.startsWith("[V] items"))).reduce((sum, row) => sum + row.size_bytes, 0);
  // At the first snapshot there is no cart yet.
  const [before, after] = [itemsAt(moments[1]), itemsAt(moments.at(-1))];
  assert.ok(before > 0 && after > before);
  equal(grown.slice(1).map(Number), [after - before, before, after], "what grew");
  await page.evaluate(() => (location.hash = `#${document.querySelector(".view:not([hidden])").id}-instance-0x1`));
  await page.waitForSelector(".missing");
  assert.match(await page.textContent(".missing"), /0x1 is not in this report/);
  checks += 4;
  await page.context().close();
};

// At 400 pixels, and at 1280 zoomed to 200 %: the columns that matter are seen without scrolling.
const checkNarrow = async () => {
  const file = pathToFileURL(join(folder, "leaky_shop report 100%.html")).href;
  for (const colorScheme of ["light", "dark"]) {
    for (const [what, size] of [["400 pixels", { viewport: { width: 400, height: 900 } }], ["200 %", { viewport: { width: 640, height: 450 }, deviceScaleFactor: 2 }]]) {
      const page = await open(file, { ...size, colorScheme });
      await checkRules(page, `${what}, ${colorScheme}`);
      const seen = await page.$$eval("#index section:has(#changed) thead th", (all) => all.slice(0, 5)
        .map((cell) => [cell.textContent, cell.getBoundingClientRect().right <= innerWidth]));
      equal(seen, ["class", "verdict", "growth", "bytes over time", "last"].map((name) => [name, true]), `${what}: what matters is seen`);
      const cells = await page.$$eval("#index section:has(#changed) tbody tr", (all) => all.flatMap((row) => [...row.cells].slice(0, 5))
        .filter((cell) => cell.getBoundingClientRect().right > innerWidth || cell.scrollWidth > cell.clientWidth).map((cell) => cell.textContent));
      equal(cells, [], `${what}: cells are whole`);
      const isNarrow = () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
      equal(await isNarrow(), true, `${what}: nothing is wider than the page`);
      const heights = await page.$$eval("#index .grid text", (all) => all.map((text) => text.getBoundingClientRect().height).filter((height) => height > 0));
      equal(heights.every((height) => height > 11 && height < 20), true, "texts of charts have one size");
      await page.goto(`${file}#snapshot-1..11`);
      await page.waitForSelector("[data-attributes] table");
      equal(await isNarrow(), true, `${what}: a pair is not wider than the page`);
      await page.goto(await page.$eval("#index .card h3 a", (link) => link.href));
      await checkRules(page, `a class at ${what}, ${colorScheme}`);
      equal(await isNarrow(), true, `${what}: a class is not wider than the page`);
      await page.context().close();
    }
  }
};

const shoot = async (page, name) => {
  mkdirSync(shots, { recursive: true });
  for (const width of [1280, 400]) {
    await page.setViewportSize({ width, height: 900 });
    await page.screenshot({ path: join(shots, `${name}-${width}.png`), fullPage: true });
    // Nothing but tables and charts, which scroll by themselves, is wider than the page.
    equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, `${name} at ${width}`);
  }
  await page.setViewportSize({ width: 1280, height: 900 });
};

// The page about many dumps has the figures of its JSON, in its order, and fits a telephone.
async function checkFleet() {
  const page = join(folder, "fleet report 100%.html");
  const args = ["trend", fixture("fleet"), "--labels", "{host}/{worker}-{version}-{date:%Y-%m-%d}.dump.gz"];
  run(...args, "--html", page, "--title", "<b>Shops</b>");
  const fleet = json(...args);
  for (const colorScheme of ["light", "dark"]) {
    const opened = await open(pathToFileURL(page).href, { colorScheme });
    equal(await opened.textContent("h1"), "<b>Shops</b>", "title");
    equal(await opened.textContent(".lead"), fleet.headline, "headline");
    const rows = await opened.$$eval("tbody tr", (all) => all.map((row) => [...row.querySelectorAll("[data-value]")].map((cell) => cell.dataset.value)));
    equal(rows.length, fleet.classes.length, "rows");
    for (const [at, row] of fleet.classes.entries()) {
      equal(rows[at][0], row.class, "class");
      const figures = [row.groups_growing, row.groups_judged, row.processes_growing, row.processes_judged,
        row.instances_per_hour, row.bytes_per_hour, row.instances_last, row.bytes_last];
      figures.forEach((figure, place) => near(Number(rows[at][place + 1]), figure, `${row.class} ${place}`));
    }
    const text = await opened.textContent("main");
    for (const found of [...fleet.outliers, ...fleet.new_lines]) equal(text.includes(found.class ?? found.source), true, "what is told");
    await checkRules(opened, `fleet ${colorScheme}`);
    if (shots) await shoot(opened, `fleet-${colorScheme}`);
    await opened.setViewportSize({ width: 400, height: 900 });
    equal(await opened.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, "fleet at 400");
    await opened.context().close();
  }
}

try {
  for (const name of ["shop.dump", "leaky_shop.dump", "markup.dump", "dumps/bank-1.1-py311.dump", "dumps/quickstart-0.2.0-py27.dump",
    "dumps/empty.nothing-1.1-py311.dump", "dumps/empty.only-snapshots-1.1-py311.dump", "dumps/empty.no-objects-1.1-py311.dump",
    "dumps/empty.zero-snapshots-1.1-py311.dump", "edited/edit-nan_times.dump", "edited/edit-size_over_eb.dump", "edited/edit-sizes_negative.dump"]) {
    await check(name);
  }
  for (const name of ["shop.dump", "markup.dump"]) await check(name, ["--single-file"]);
  const file = pathToFileURL(join(folder, "shop report 100%.html")).href;
  await checkKeyboard(file);
  await checkNarrow();
  await checkSpan(file, json("summary", fixture("shop.dump")));
  for (const single of ["", "-single"]) await checkSettings(pathToFileURL(join(folder, `shop${single} report 100%.html`)).href, single !== "");
  await checkFlame();
  for (const args of [[], ["--single-file"]]) await checkLinks(args);
  // Snapshots that are pointed at are shown, and have the focus; an escape that is none is no fault.
  for (const single of ["", "-single"]) {
    const shop = pathToFileURL(join(folder, `shop${single} report 100%.html`)).href;
    for (const hash of ["#%E0%A4%A", "#%", "#nothing", "#snapshot-1", "#snapshot-3..1", "#snapshot-99"]) {
      const page = await open(shop + hash);
      equal(await page.isVisible("#index h1"), true, hash);
      equal(await page.$$eval(TABLE, (all) => all.length), 1, `${hash}: tables`);
      if (hash === "#snapshot-1") assert.match(await focused(page), /^h3 Snapshot 1/);
      if (hash === "#snapshot-3..1") assert.match(await focused(page), /^h3 From snapshot 1.* to 3/);
      await page.evaluate(() => (location.hash = "#%E0%A4%A"));
      await page.waitForFunction(() => document.activeElement.localName === "h1");
      equal(await page.isVisible("#index h1"), true, hash);
      await page.context().close();
    }
  }
  await checkFleet();
  await checkPrint();
  await checkMany();
  await checkLarge();
  const plain = await open(file, { javaScriptEnabled: false });
  equal(await plain.isVisible("noscript"), true);
  equal((await plain.$$("#snapshot-list tbody tr")).length, 4);
  equal(await plain.isVisible("#index .card"), true);
  await plain.goto(await plain.$eval("#index .pages a", (link) => link.href));
  equal(await plain.$$eval("noscript", (all) => all.filter((text) => text.checkVisibility()).length), 3, "what needs the script");
  equal(await plain.isVisible("[data-figure=objects]"), true);
  await plain.goto(pathToFileURL(join(folder, "shop-single report 100%.html")).href);
  assert.match(await plain.textContent("#index > noscript"), /the views of the classes need this page’s script/);
  equal(await plain.isVisible("#index .chart svg"), true);
  await plain.context().close();
  equal(readdirSync(folder).every((entry) => / report 100%(\.html|_files)$/.test(entry)), true, "nothing beside the reports");
  console.log(`${checks} figures, links and marks hold`);
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}
