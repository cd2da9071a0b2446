
// What inferno's own script lacks. Its functions are found by name when they are called, so
// those of the same name here take their place.
"use strict";
(() => {
  const frames = document.getElementById("frames");
  const all = [...frames.children];

  // --- Labels -----------------------------------------------------------------------------

  // Columns of a monospaced font; what is wide counts twice.
  const columns = (text) => [...text].reduce((sum, c) => sum + (c < "\u1100" ? 1 : 2), 0);

  // As much of a name as has room. Of a call the function comes first, then the file without
  // its folders; of a class its own name, without the modules that it has in common with others.
  const label = (name, room) => {
    const call = /^(.+) \((.*):(-?\d+)\)$/s.exec(name);
    const shorter = call
      ? [`${call[1]} (${call[2].split(/[\\/]/).at(-1)}:${call[3]})`, call[1]]
      : [/\s/.test(name) ? name : name.slice(name.lastIndexOf(".") + 1) || name];
    const fitting = [name, ...shorter].find((text) => columns(text) <= room);
    if (fitting !== undefined) return fitting;
    let cut = "";
    for (const c of shorter.at(-1)) {
      if (columns(cut + c) + 2 > room) break;
      cut += c;
    }
    return cut && `${cut}..`;
  };

  const nameOf = (frame) => frame.querySelector("title").textContent.replace(/ \([^(]*\)$/, "");

  window.update_text_for_elements = (elements) => {
    const width = Number(frames.getAttribute("width"));
    const column = known_font_width || fontsize * fontwidth;
    // All is read before anything is changed, so that the browser lays it out once.
    const made = [...elements].map((frame) => {
      const rect = frame.querySelector("rect");
      const [x, share] = ["x", "width"].map((name) => parseFloat(rect.getAttribute(name)));
      const room = Math.floor((share * width / 100 - 6) / column);
      return [frame.querySelector("text"), `${(x + 300 / width).toFixed(4)}%`, label(nameOf(frame), room)];
    });
    for (const [text, x, shown] of made) {
      text.setAttribute("x", x);
      text.textContent = shown;
    }
  };

  // --- The state in the address -----------------------------------------------------------

  window.get_params = () => {
    const params = {};
    for (const part of location.search.slice(1).split("&")) {
      const [name, value] = part.split("=");
      if (!name || !value) continue;
      try {
        params[name] = decodeURIComponent(value);
      } catch {
        // An escape that is none is of no use to anybody.
      }
    }
    // A frame that another picture had, under this name.
    if (!all.some((frame) => is(frame, params))) {
      delete params.x;
      delete params.y;
    }
    return params;
  };
  const is = (frame, { x, y }) => {
    const rect = frame.querySelector("rect");
    return rect.getAttribute("fg:x") === x && rect.getAttribute("y") === y;
  };

  const searched = window.search;
  window.search = (term) => {
    let expression = term;
    try {
      new RegExp(term);
    } catch {
      // No regular expression, like `f(`: then it is the text itself.
      expression = term.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    }
    searched(expression);
    if (searching) return;
    matchedtxt.classList.remove("hide");
    matchedtxt.firstChild.nodeValue = "Nothing matches";
  };

  // --- The keyboard -----------------------------------------------------------------------

  frames.setAttribute("role", "tree");
  frames.setAttribute("aria-labelledby", "title");
  frames.setAttribute("aria-description", "Arrow keys go to the frames around one, Enter zooms in, Escape zooms out.");

  const boxes = new Map(all.map((frame) => {
    const rect = frame.querySelector("rect");
    const [x, width, y] = ["fg:x", "fg:w", "y"].map((name) => Number(rect.getAttribute(name)));
    return [frame, { x, end: x + width, width, y }];
  }));
  // From the bottom, where all begins, to the top.
  const rows = [...new Set([...boxes.values()].map(({ y }) => y))].sort((a, b) => b - a);
  const rowOf = (frame, by) => {
    const y = rows[rows.indexOf(boxes.get(frame).y) + by];
    return all.filter((other) => boxes.get(other).y === y && !other.classList.contains("hide"));
  };
  const most = (found, value) => found.reduce((best, other) => (best && value(best) >= value(other) ? best : other), null);
  const around = {
    ArrowUp: (frame, { x, end }) => most(rowOf(frame, 1).filter((other) => boxes.get(other).x >= x && boxes.get(other).end <= end), (other) => boxes.get(other).width),
    ArrowDown: (frame, { x, end }) => rowOf(frame, -1).find((other) => boxes.get(other).x <= x && boxes.get(other).end >= end),
    ArrowLeft: (frame, { x }) => most(rowOf(frame, 0).filter((other) => boxes.get(other).end <= x), (other) => boxes.get(other).x),
    ArrowRight: (frame, { end }) => most(rowOf(frame, 0).filter((other) => boxes.get(other).x >= end), (other) => -boxes.get(other).x),
  };

  // One frame can be reached by Tab, the one that had the focus last; from it the arrows lead on.
  let current = most(all, (frame) => boxes.get(frame).y);
  const makeCurrent = (frame) => {
    current.setAttribute("tabindex", "-1");
    current = frame;
    current.setAttribute("tabindex", "0");
  };
  for (const frame of all) {
    frame.setAttribute("tabindex", "-1");
    frame.setAttribute("role", "treeitem");
    frame.setAttribute("aria-level", rows.indexOf(boxes.get(frame).y) + 1);
  }
  makeCurrent(current);

  const click = (target) => target.dispatchEvent(new MouseEvent("click", { bubbles: true }));
  // The window listens: in Chromium a part of a picture that listens for focus can have it.
  addEventListener("focusin", ({ target }) => {
    if (!boxes.has(target)) return;
    makeCurrent(target);
    details.nodeValue = `${nametype} ${target.querySelector("title").textContent}`;
  });
  addEventListener("focusout", () => (details.nodeValue = " "));
  addEventListener("keydown", (event) => {
    if (!boxes.has(event.target) || event.altKey || event.ctrlKey || event.metaKey) return;
    const next = around[event.key]?.(event.target, boxes.get(event.target));
    if (next) next.focus();
    else if (event.key === "Enter" || event.key === " ") click(event.target);
    else if (event.key === "Escape") click(document.getElementById("unzoom"));
    else if (!(event.key in around)) return;
    event.preventDefault();
  });

  for (const button of ["search", "unzoom"].map((id) => document.getElementById(id))) {
    button.setAttribute("role", "button");
    button.setAttribute("tabindex", "0");
    button.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      click(button);
      // What is hidden loses the focus to the page.
      if (button.classList.contains("hide")) current.focus();
    });
  }
  document.getElementById("matched").setAttribute("role", "status");
})();
