// What differs between two points of the log: the keys that were touched after A
// and up to B, with what they were and what they became.

import { $, fill, h, say } from "./dom.js";
import { bucketed, bytes, count, plural, same } from "./format.js";
import { Replay } from "./replay.js";

const MOST = 500;

export class DiffPane {
  constructor(app) {
    this.app = app;
    this.form = $("#points");
    this.form.addEventListener("submit", (e) => {
      e.preventDefault();
      this.typed();
    });
    $("#swap").addEventListener("click", () => {
      [app.a, app.b] = [app.b, app.a];
      app.tell("points", {});
    });
    app.on("points", () => this.later());
    app.on("compare", () => app.tell("tab", "diff"));
    app.on("tab", (name) => name === "diff" && this.load());
    this.fields();
  }

  fields() {
    this.form.elements.a.value = this.app.a;
    this.form.elements.b.value = this.app.b;
  }

  typed() {
    for (const name of ["a", "b"]) {
      const field = this.form.elements[name];
      const n = Number(field.value.replace(/[,_ ]/g, ""));
      field.setCustomValidity(Number.isSafeInteger(n) && n >= 0 ? "" : "An LSN is a whole number");
      if (!field.reportValidity()) return;
      this.app[name] = n;
    }
    this.app.tell("points", {});
  }

  later() {
    this.fields();
    clearTimeout(this.timer);
    if ($("#tab-diff").getAttribute("aria-selected") === "true") this.timer = setTimeout(() => this.load(), 150);
  }

  async load() {
    const turn = (this.turn = (this.turn || 0) + 1);
    const { a, b } = this.app;
    try {
      const answer = await (this.app.source.live ? this.app.source.ask("diff", { a, b }) : this.walk(a, b));
      if (turn === this.turn) this.show(answer, a, b);
    } catch (e) {
      if (turn === this.turn) fill($("#diff"), h("p", { class: "dim" }, "The difference cannot be told: " + e.message));
    }
  }

  /** walk replays what this file holds. When that is not all, it can still tell what was touched. */
  async walk(a, b) {
    const { over, source } = this.app;
    const [low, high] = a <= b ? [a, b] : [b, a];
    const replay = new Replay();
    const base = over.base && over.base.keys;
    for (const e of base || []) replay.apply({ lsn: e.lsn, ops: [{ op: "set", ...e }] });
    const touched = new Set();
    let before = null;
    let missing = 0;
    let lost = "";
    let last = -1;
    for (const i of over.embedded) {
      if (over.chunk_lsns[i] > high) break;
      if (i !== last + 1 && (over.chunk_lsns[i] > low || over.chunk_lsns[last + 1] > low)) missing++;
      last = i;
      for (const row of await source.chunks.get(i)) {
        if (row.lsn > high) break;
        if (row.kind === "damage") lost ||= count(row.lsn);
        if (row.kind !== "record") continue;
        if (row.lsn > low && !before) before = new Map(replay.keys);
        replay.apply(row, row.lsn > low ? touched : null);
      }
    }
    before ||= new Map(replay.keys);
    const known = over.whole && (over.first_lsn <= 1 || !!base);
    const changes = [];
    for (const id of touched) {
      const now = replay.keys.get(id), was = before.get(id);
      const gone = !was && !known; // its value at A is not in this file
      if (!gone && (was?.value === undefined) === (now.value === undefined) && same(was?.value, now.value) && was?.expires === now.expires) continue;
      changes.push({ bucket: now.bucket, key: now.key, was: was?.value, now: now.value, unknown: gone, lsn: now.lsn });
    }
    const notes = [];
    if (!known) notes.push(over.whole ? "The log begins at LSN " + count(over.first_lsn) + ": values from before are unknown here." : "From the records that are in this file; values that it does not hold are unknown.");
    if (missing) notes.push("Records between A and B are missing from this file, so keys may be missing here.");
    if (lost) notes.push("The log is damaged at LSN " + lost + ": what was lost there is not in either state.");
    if (over.ops_cut) notes.push("Long commits are shortened in this file, so keys may be missing here.");
    if (a > b) for (const c of changes) [c.was, c.now] = [c.now, c.was];
    return { total: changes.length, changes: changes.slice(0, MOST), note: notes.join(" ") };
  }

  show({ total, changes, note, unreachable }, a, b) {
    if (unreachable) return fill($("#diff"), h("p", {}, unreachable));
    const kinds = { added: 0, removed: 0, changed: 0, unknown: 0 };
    const lines = changes.map((c) => {
      const kind = c.unknown ? "unknown" : c.was === undefined ? "added" : c.now === undefined ? "removed" : "changed";
      kinds[kind]++;
      const side = (v, unknown) => h("td", {}, unknown ? h("span", { class: "dim" }, "unknown") : v === undefined ? h("span", { class: "dim" }, "–") : h("code", {}, bytes(v) || "(empty)"));
      return h("tr", { class: "d-" + kind },
        h("td", {}, h("span", { class: "sign", title: kind }, { added: "+", removed: "−", changed: "±", unknown: "?" }[kind]), h("span", { class: "hidden" }, kind)),
        h("th", { scope: "row" }, h("button", { type: "button", class: "link", onclick: () => this.app.tell("history", { bucket: c.bucket || "", key: c.key }) }, bucketed(c.bucket, c.key))),
        side(c.was, c.unknown && a <= b), side(c.now, c.unknown && a > b));
    });
    const sum = Object.entries(kinds).filter(([, n]) => n).map(([k, n]) => count(n) + " " + (k === "unknown" ? "touched" : k)).join(", ");
    fill($("#diff"),
      h("p", {}, h("b", {}, a === b ? "A and B are the same point." : total ? plural(total, "key") + (total === 1 ? " differs" : " differ") : "Nothing differs"), a === b || !total ? "" : ": " + sum,
        total > changes.length ? "; the first " + count(changes.length) + " are shown" : "", ". ", h("span", { class: "dim" }, note || "")),
      lines.length ? h("table", { class: "diff" }, h("thead", {}, h("tr", {}, h("td"), h("th", { scope: "col" }, "Key"), h("th", { scope: "col" }, "At A, LSN " + count(a)), h("th", { scope: "col" }, "At B, LSN " + count(b)))), h("tbody", {}, lines)) : null);
    say(total ? plural(total, "key") + " differ between A and B." : "Nothing differs between A and B.");
  }
}
