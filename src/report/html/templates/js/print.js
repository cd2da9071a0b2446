// What is printed.

// Rows of all tables that are printed beyond their first pages: some eighty sheets of paper.
const PRINTED = 4000;

// What makes the page again what it was.
let restore = [];
addEventListener("beforeprint", () => {
  const view = document.querySelector(".view:not([hidden])");
  for (const details of view.querySelectorAll("details:not([open])")) {
    details.open = true;
    restore.push(() => (details.open = false));
  }
  let left = PRINTED;
  for (const [host, { rows, whole }] of printing) {
    if (!view.contains(host) || rows() > left) continue;
    left -= rows();
    restore.push(whole());
  }
});
addEventListener("afterprint", () => {
  restore.forEach((step) => step());
  restore = [];
});
