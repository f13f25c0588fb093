// Keys that work anywhere on the page, but where text is typed.

import { $ } from "./dom.js";

export function keys(app) {
  const help = $("#help");
  $("#help-button").addEventListener("click", () => help.showModal());
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || help.open) return;
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName) && e.target.type !== "radio") return;
    const lsn = app.row && app.row.lsn;
    const act = {
      "/": () => $("#filter").elements.text.focus(),
      l: () => $("#grid").focus(),
      g: () => $("#jump-to").focus(),
      a: () => lsn && app.mark("a", lsn),
      b: () => lsn && app.mark("b", lsn),
      d: () => app.tell("compare"),
      h: () => app.tell("tab", "history"),
      x: () => app.tell("open"),
      t: () => $("#theme").click(),
      n: () => finding(app),
      "?": () => help.showModal(),
    }[e.key];
    if (!act) return;
    e.preventDefault();
    act();
  });
}

/** finding goes from one finding to the next. */
function finding(app) {
  const placed = app.over.findings.filter((f) => f.segment && f.offset >= 0);
  if (!placed.length) return;
  app.finding = ((app.finding ?? -1) + 1) % placed.length;
  const f = placed[app.finding];
  app.go(app.places.byOffset(f.segment, f.offset), "finding").then(() => app.tell("open"));
}
