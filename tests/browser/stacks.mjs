// Draws folded stacks with inferno's own program and opens them in speedscope, flame graphs and
// profiles too, and holds every weight that these show against the folded text.
//
//     npm ci --prefix tests/browser && node tests/browser/stacks.mjs \
//         target/release/ctstats INFERNO-FLAMEGRAPH INFERNO-DIFF-FOLDED
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [ctstats, flamegraph, diffFolded] = process.argv.slice(2).map((path) => resolve(path));
assert.ok(diffFolded, "usage: stacks.mjs CTSTATS INFERNO-FLAMEGRAPH INFERNO-DIFF-FOLDED");
const speedscope = pathToFileURL(join(import.meta.dirname, "node_modules/speedscope/dist/release/index.html")).href;
const fixture = (name) => resolve(import.meta.dirname, "../../fixtures", name);

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  // Speedscope draws with WebGL.
  args: ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const folder = mkdtempSync(join(tmpdir(), "ctstats-stacks-"));

let checks = 0;
const equal = (a, b, what) => {
  checks += 1;
  assert.deepEqual(a, b, what);
};

// Two lists that are the same in any order; says only what is in one of them.
const same = (a, b, what) => {
  checks += b.length;
  const left = new Map();
  for (const entry of b) left.set(entry, (left.get(entry) ?? 0) + 1);
  for (const entry of a) left.set(entry, (left.get(entry) ?? 0) - 1);
  const differ = (sign) => [...left].filter(([, count]) => count * sign > 0).map(([entry]) => entry);
  assert.deepEqual({ missing: differ(1), unexpected: differ(-1) }, { missing: [], unexpected: [] }, what);
};

// A page with what the browser complains of, and requests for anything but files. `during`
// fails as soon as there is a complaint.
const open = async (url, options = {}) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints = [];
  const log = [];
  let fail;
  const failed = new Promise((_, reject) => (fail = reject));
  failed.catch(() => {});
  const complain = (text) => {
    complaints.push(text);
    fail(new Error(`${url}: ${text}`));
  };
  page.on("console", (message) => {
    log.push(message.text());
    // Speedscope tells of its failures in the log.
    if (["error", "warning"].includes(message.type()) || /^Failed/.test(message.text())) complain(message.text());
  });
  page.on("pageerror", (error) => complain(String(error)));
  page.on("dialog", (dialog) => {
    complain(`dialog: ${dialog.message()}`);
    dialog.dismiss().catch(() => {});
  });
  page.on("request", (request) => /^(file|blob|data):/.test(request.url()) || complain(request.url()));
  page.on("requestfailed", (request) => complain(`${request.url()} failed`));
  const during = (work) => Promise.race([work, failed]);
  await during(page.goto(url));
  return { page, log, complaints, during };
};

// --- Folded text, as it is meant ------------------------------------------------------------

// Stacks with their weights; of two dumps the older's first.
const parse = (folded, weights) =>
  folded.split("\n").slice(0, -1).map((line) => {
    const found = line.match(new RegExp(`^(.*)${" (\\d+)".repeat(weights)}$`));
    assert.ok(found, line);
    return { names: found[1].split(";"), weights: found.slice(2).map(Number) };
  });

const sum = (stacks, at) => stacks.reduce((total, stack) => total + stack.weights[at], 0);

// What a profile holds: `a;b;c` to its weight, without stacks that weigh nothing.
const weighing = (stacks, at) =>
  stacks.filter((stack) => stack.weights[at] > 0).map((stack) => `${stack.names.join(";")} ${stack.weights[at]}`);

// The frames of a flame graph: a prefix of stacks to what it weighs. Those narrower than
// 0.01 % are not drawn.
const framesOf = (stacks, at) => {
  const frames = new Map();
  for (const { names, weights } of stacks) {
    for (let depth = 0; depth <= names.length; depth += 1) {
      const prefix = names.slice(0, depth).join(";");
      frames.set(prefix, (frames.get(prefix) ?? 0) + weights[at]);
    }
  }
  const narrow = sum(stacks, at) / 10_000;
  return [...frames].filter(([, weight]) => weight >= narrow)
    .map(([prefix, weight]) => `${prefix === "" ? "all" : prefix.split(";").at(-1)} ${weight}`);
};

// Stacks with other names.
const named = (stacks, name) => stacks.map(({ names, weights }) => ({ names: names.map(name), weights }));

// --- Flame graphs ---------------------------------------------------------------------------

// Opens one and compares every frame on it with the folded text.
const checkFlameGraph = async (file, stacks, at, unit) => {
  const { page, complaints, during } = await open(pathToFileURL(file).href);
  const total = sum(stacks, at);
  const root = await during(page.evaluate(() => document.documentElement.nodeName));
  equal(root, "svg", `${file}: a picture`);
  const errors = (text) => new DOMParser().parseFromString(text, "image/svg+xml").querySelector("parsererror")?.textContent ?? null;
  equal(await page.evaluate(errors, readFileSync(file, "utf8")), null, `${file}: well-formed`);
  equal(await page.getAttribute("#frames", "total_samples"), String(total), `${file}: total`);
  const titles = await page.$$eval("#frames > g > title", (all) => all.map((title) => title.textContent));
  const frames = titles.map((title) => {
    const found = title.match(/^(.*) \(([\d,]+) (\w+), [\d.]+%(; [+-]?[\d.]+%)?\)$/);
    assert.ok(found, title);
    equal(found[3], unit, title);
    return `${found[1]} ${found[2].replaceAll(",", "")}`;
  });
  equal(frames.filter((frame) => /^all \d+$/.test(frame)).slice(-1), [`all ${total}`], `${file}: the root`);
  same(frames, framesOf(stacks, at), `${file}: frames`);
  // Of two weights each class tells how it changed.
  if (at === 1) equal(titles.some((title) => /; [+-][\d.]+%\)$/.test(title)), stacks.some(({ weights }) => weights[0] !== weights[1] && weights[1] > 0), `${file}: changes`);
  // It answers to a click.
  await during(page.click("#frames > g:last-of-type"));
  equal(complaints, [], file);
  await page.context().close();
};

// What inferno's own pictures lack: labels that begin with what tells frames apart, dark colours,
// the keyboard.
const axe = readFileSync(join(import.meta.dirname, "node_modules/axe-core/axe.min.js"), "utf8");
const checkReading = async (file) => {
  const url = pathToFileURL(file).href;
  for (const [colorScheme, width] of [["light", 1280], ["dark", 1280], ["light", 400]]) {
    const what = `${file}, ${colorScheme}, ${width}`;
    const { page, complaints } = await open(url, { colorScheme, viewport: { width, height: 900 } });
    await page.waitForFunction(() => !document.documentElement.hasAttribute("width"));
    const frames = await page.$$eval("#frames > g", (all) => all.map((frame) => {
      const [text, rect] = ["text", "rect"].map((name) => frame.querySelector(name));
      return {
        name: frame.querySelector("title").textContent.replace(/ \([^(]*\)$/, ""),
        label: text.textContent,
        room: rect.getBoundingClientRect().width - text.getComputedTextLength(),
        columns: rect.getBoundingClientRect().width / 7.3,
        colors: [getComputedStyle(text).fill, getComputedStyle(rect).fill, getComputedStyle(rect).fillOpacity, getComputedStyle(document.querySelector("#background stop")).stopColor],
      };
    }));
    equal(frames.filter(({ label, room }) => label && room < 0), [], `${what}: labels are within their frames`);
    for (const { name, label, columns } of frames) {
      // A call is told by its function, a class by the last part of its name.
      const call = /^(.+) \((.*):(-?\d+)\)$/s.exec(name);
      const last = /\s/.test(name) ? name : name.split(".").at(-1) || name;
      const begins = call ? call[1] : last;
      const whole = call ? [name, `${call[1]} (${call[2].split("/").at(-1)}:${call[3]})`, call[1]] : [name, last];
      const cut = label.endsWith("..") && label.length > 2 && begins.startsWith(label.slice(0, -2));
      equal(whole.includes(label) || cut || (label === "" && columns < 5), true, `${what}: ${name} is labelled ${label}`);
    }
    // Whoever sees little reads the labels.
    const light = (color) => color.match(/[\d.]+/g).slice(0, 3).map(Number);
    const luminance = (rgb) => rgb.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
      .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
    for (const { name, colors: [text, fill, opacity, page] } of frames) {
      const below = light(fill).map((v, at) => v * opacity + light(page)[at] * (1 - opacity));
      const [a, b] = [luminance(light(text)), luminance(below)].sort((a, b) => b - a);
      equal((a + 0.05) / (b + 0.05) >= 4.5, true, `${what}: the contrast of ${name}`);
      equal(luminance(light(page)) < 0.1, colorScheme === "dark", `${what}: the colour of the page`);
    }
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => axe.run(document, { preload: false, resultTypes: ["violations"] }));
    equal(violations.map(({ id, nodes }) => [id, nodes.length]), [], `${what}: axe`);
    equal(complaints, [], what);
    await page.context().close();
  }

  // By the keyboard alone: to the root, up to the class, into it and out again. What has the focus
  // is told below the picture, and to those who hear the page.
  const { page, complaints } = await open(`${url}?s=%E0%A4%A&x="]&y=7`);
  await page.waitForFunction(() => !document.documentElement.hasAttribute("width"));
  const title = () => page.evaluate(() => document.activeElement?.querySelector("title")?.textContent ?? null);
  for (let n = 0; n < 3 && !/^all /.test(await title()); n += 1) await page.keyboard.press("Tab");
  assert.match((await title()) ?? "nothing", /^all \(/, `${file}: Tab leads to the root`);
  const path = [await title()];
  for (;;) {
    const accessibility = await (await page.context().newCDPSession(page)).send("Accessibility.getFullAXTree");
    const node = accessibility.nodes.find(({ properties }) => properties?.some(({ name, value }) => name === "focused" && value.value) && properties.some(({ name }) => name === "level"));
    equal([node?.role.value, node?.name.value], ["treeitem", path.at(-1)], `${file}: what is read out`);
    equal(await page.textContent("#details"), `Site: ${path.at(-1)}`, `${file}: what is shown`);
    equal(await page.evaluate(() => getComputedStyle(document.activeElement.querySelector("rect")).strokeWidth), "3px", `${file}: the focus is seen`);
    await page.keyboard.press("ArrowUp");
    if ((await title()) === path.at(-1)) break;
    path.push(await title());
  }
  equal(path.length > 2, true, `${file}: up to a class`);
  const shown = () => page.$$eval("#frames > g", (all) => all.filter((frame) => !frame.classList.contains("hide")).length);
  const all = await shown();
  await page.keyboard.press("Enter");
  equal([await title(), await page.isVisible("#unzoom"), await shown()], [path.at(-1), true, path.length], `${file}: Enter zooms in`);
  await page.keyboard.press("Escape");
  equal([await title(), await page.isVisible("#unzoom"), await shown()], [path.at(-1), false, all], `${file}: Escape zooms out`);
  await page.keyboard.press("Enter");
  await page.focus("#unzoom");
  await page.keyboard.press("Enter");
  equal([await title(), await shown()], [path.at(-1), all], `${file}: the focus is kept`);
  for (const name of path.slice(0, -1).reverse()) {
    await page.keyboard.press("ArrowDown");
    equal(await title(), name, `${file}: and down again`);
  }
  // To the right and back, through all frames above the root.
  await page.keyboard.press("ArrowUp");
  for (let left = null; left !== (await title()); await page.keyboard.press("ArrowLeft")) left = await title();
  const row = new Set();
  for (; !row.has(await title()); await page.keyboard.press("ArrowRight")) row.add(await title());
  equal([...row].sort(), (await page.$$eval("#frames > g[aria-level='2'] > title", (all) => all.map((text) => text.textContent))).sort(), `${file}: a row`);
  // A search for what is no expression is one for the text.
  await page.evaluate(() => search("("));
  equal(await page.textContent("#matched"), "Matched: 100%", `${file}: a search`);
  equal(complaints, [], file);
  await page.context().close();
};

// Feeds a program folded text; it must have nothing to say.
const drawnBy = (program, args, input) => {
  const done = spawnSync(program, args, { input, maxBuffer: 1 << 28 });
  equal([done.error, done.status, done.stderr?.toString()], [undefined, 0, ""], `${program} ${args.join(" ")}`);
  return done.stdout;
};

// --- Speedscope -----------------------------------------------------------------------------

// Opens a file in speedscope and has it exported again: the profiles as it understood them.
const imported = async (file, as) => {
  const { page, log, complaints, during } = await open(speedscope);
  await during(page.setInputFiles("input[type=file]", file));
  const button = page.getByText("Export");
  await during(button.waitFor());
  const [download] = await during(Promise.all([page.waitForEvent("download"), button.click()]));
  const exported = JSON.parse(readFileSync(await download.path(), "utf8"));
  equal(log.filter((line) => line.startsWith("Importing")), [as], file);
  equal(complaints, [], file);
  await page.context().close();
  return exported;
};

// The stacks of an exported profile, with their weights.
const stacksOf = ({ shared, profiles }, at) => {
  const label = ({ name, file, line }) => (file === undefined ? name : `${name} (${file}:${line})`);
  const weights = new Map();
  const names = [];
  let moment = 0;
  for (const event of profiles[at].events) {
    if (event.at > moment) {
      const stack = names.join(";");
      weights.set(stack, (weights.get(stack) ?? 0) + event.at - moment);
      moment = event.at;
    }
    if (event.type === "O") names.push(label(shared.frames[event.frame]));
    else equal(names.pop(), label(shared.frames[event.frame]), "frames are nested");
  }
  equal(names, [], "every frame ends");
  return [...weights].map(([stack, weight]) => `${stack} ${weight}`);
};

// --- One dump, or two -----------------------------------------------------------------------

const check = async (names, weight) => {
  const place = mkdtempSync(join(folder, "stacks-"));
  const dumps = names.map(fixture);
  const [svg, json] = ["drawn.svg", "profile.json"].map((name) => join(place, name));
  const sites = (...args) => execFileSync(ctstats, ["sites", ...args, "--weight", weight], { maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "ignore"] }).toString();
  const folded = sites(...dumps, "--folded");
  const stacks = parse(folded, dumps.length);
  const newest = dumps.length - 1;
  sites(...dumps, "--flamegraph", svg, "--speedscope", json);

  const byInferno = join(place, "inferno.svg");
  writeFileSync(byInferno, drawnBy(flamegraph, ["--countname", weight], folded));
  await checkFlameGraph(byInferno, stacks, newest, weight);
  await checkFlameGraph(svg, stacks, newest, weight);
  await checkReading(svg);

  // Speedscope reads one weight of a line, the last, and takes the other for a part of the name.
  const text = join(place, "stacks.folded");
  writeFileSync(text, folded);
  const read = parse(folded, 1);
  const byText = await imported(text, "Importing as collapsed stack format");
  equal(byText.profiles.map((one) => one.endValue), [sum(stacks, newest)], `${names}: folded in speedscope`);
  same(stacksOf(byText, 0), weighing(read, 0), `${names}: folded in speedscope`);

  const profile = await imported(json, "Importing as speedscope json file");
  equal(profile.activeProfileIndex, newest, `${names}: the newest is shown`);
  equal(profile.profiles.map((one) => [one.name, one.unit, one.endValue]),
    dumps.map((dump, at) => [dump, weight === "bytes" ? "bytes" : "none", sum(stacks, at)]), `${names}: profiles`);
  // Only lines of text need names that do not end like weights, in blanks, or before they begin.
  const plain = named(stacks, (name) => name.replaceAll("\u00a0", " ").replace(/(\\x20)+$/, (blanks) => " ".repeat(blanks.length / 4)).replace(/^\(no name\)$/, ""));
  for (const at of dumps.keys()) same(stacksOf(profile, at), weighing(plain, at), `${names}: profile ${at}`);

  // Both weights are those that inferno's program for the purpose puts together.
  if (dumps.length === 2) {
    const files = dumps.map((dump, at) => {
      const file = join(place, `${at}.folded`);
      writeFileSync(file, sites(dump, "--folded"));
      return file;
    });
    const lines = (output) => output.toString().split("\n");
    same(lines(folded), lines(drawnBy(diffFolded, files, "")), `${names}: the difference`);
  }
};

try {
  for (const name of ["shop.dump", "leaky_shop.dump", "markup.dump", "dumps/weirdstr-surr-1.1-py311.dump", "dumps/web-1.1-py312.dump"]) await check([name], "bytes");
  await check(["shop.dump", "leaky_shop.dump"], "bytes");
  await check(["shop.dump"], "objects");
  console.log(`${checks} figures, frames and stacks hold`);
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}
