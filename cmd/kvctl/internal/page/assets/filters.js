// The filter above the list. It takes effect as it is typed; a search that takes
// long shows what it has found so far.

import { $, fill, h } from "./dom.js";
import { count, plural } from "./format.js";
import { empty } from "./search.js";
import { Found } from "./view.js";

const ENOUGH = 20_000; // rows that a search holds at most

export class Filters {
  constructor(app, list, all) {
    this.app = app;
    this.list = list;
    this.all = all;
    this.form = $("#filter");
    const names = app.over.buckets;
    const select = this.form.elements.bucket;
    for (const name of names) select.append(h("option", { value: "=" + name }, name === "" ? "default bucket" : name));
    this.form.elements.bucket.closest("label").hidden = names.length < 2 && !names[0];
    this.form.addEventListener("submit", (e) => e.preventDefault());
    this.form.addEventListener("input", () => this.later());
    this.form.addEventListener("reset", () => setTimeout(() => this.apply()));
    this.form.addEventListener("keydown", (e) => {
      if (e.key === "Enter") this.apply();
      if (e.key === "Escape") this.form.reset();
    });
    this.tally();
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.apply(), this.app.source.live ? 250 : 80);
  }

  read() {
    const e = this.form.elements;
    const lsn = (field) => {
      const n = Number(field.value.replace(/[,_ ]/g, ""));
      const bad = !Number.isInteger(n) || n < 0;
      field.setCustomValidity(bad ? "An LSN is a whole number" : "");
      field.setAttribute("aria-invalid", bad);
      return bad ? 0 : n;
    };
    return {
      text: e.text.value, type: e.type.value, bucket: e.bucket.value ? e.bucket.value.slice(1) : null,
      from: lsn(e.from), to: lsn(e.to),
    };
  }

  async apply() {
    clearTimeout(this.timer);
    this.search?.stop();
    const filter = this.read();
    if (empty(filter)) {
      this.search = null;
      this.list.show(this.all);
      this.tally();
      return;
    }
    const search = (this.search = this.app.source.search(filter));
    const rows = [];
    try {
      while (!search.done && rows.length < ENOUGH) {
        const more = await search.step();
        if (this.search !== search) return;
        const before = rows.length;
        rows.push(...more);
        if (rows.length !== before || search.done) this.list.show(new Found(rows));
        this.tally(rows, search);
        if (!this.app.source.live) await new Promise((r) => setTimeout(r)); // let the page breathe
      }
      this.tally(rows, search);
    } catch (e) {
      if (e.name !== "AbortError") fill($("#tally"), "The search failed: " + e.message);
    }
  }

  tally(rows, search) {
    const { over, source } = this.app;
    if (!rows) {
      const held = source.live || over.whole ? "" : ", " + count(over.embedded_rows) + " of them in this file";
      fill($("#tally"), plural(over.rows, "row") + held);
      return;
    }
    const searched = search.done ? "" : rows.length >= ENOUGH ? "; the first " + count(ENOUGH) + " are shown" : "; " + count(search.walked) + " rows searched so far";
    const part = !source.live && !over.whole ? " among the " + count(over.embedded_rows) + " in this file" : "";
    fill($("#tally"), plural(rows.length, "row") + (rows.length === 1 ? " fits" : " fit") + part + searched);
  }
}
