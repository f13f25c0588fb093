// The tabs of the detail pane, by the pattern that screen readers know.

import { $ } from "./dom.js";

export class Tabs {
  constructor(app) {
    this.app = app;
    this.tabs = [...document.querySelectorAll('#tabs [role="tab"]')];
    for (const tab of this.tabs) {
      tab.addEventListener("click", () => app.tell("tab", tab.dataset.tab));
      tab.addEventListener("keydown", (e) => this.key(tab, e));
    }
    app.on("tab", (name) => this.show(name));
    app.on("open", () => this.open());
  }

  show(name) {
    for (const tab of this.tabs) {
      const on = tab.dataset.tab === name;
      tab.setAttribute("aria-selected", on);
      tab.tabIndex = on ? 0 : -1;
      $("#" + tab.getAttribute("aria-controls")).hidden = !on;
    }
  }

  key(tab, e) {
    const n = this.tabs.length, at = this.tabs.indexOf(tab);
    const to = { ArrowRight: (at + 1) % n, ArrowLeft: (at + n - 1) % n, Home: 0, End: n - 1 }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    this.app.tell("tab", this.tabs[to].dataset.tab);
    this.tabs[to].focus();
  }

  /** open brings the bytes of the selection before the reader. */
  open() {
    this.app.tell("tab", "bytes");
    $("#detail").scrollIntoView({ block: "nearest" });
    $("#fields").focus({ preventScroll: true });
  }
}
