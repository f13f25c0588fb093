// What happened to one key: every operation on it, the newest first.

import { $, fill, h, say } from "./dom.js";
import { bucketed, bytes, count, kindNames, plural, same, what, when } from "./format.js";
import { covers } from "./replay.js";

const VERSIONS = 1000;

export class HistoryPane {
  constructor(app) {
    this.app = app;
    app.on("select", ({ row }) => this.follow(row));
    app.on("history", ({ bucket, key }) => {
      app.tell("tab", "history"); // which shows the selected row's key
      this.load(bucket, key);
    });
    app.on("tab", (name) => name === "history" && this.follow(app.row, true));
  }

  /** follow shows the history of the selected row's first key while the tab is open. */
  follow(row, force) {
    if (!force && $("#tab-history").getAttribute("aria-selected") !== "true") return;
    const op = row?.ops?.find((o) => o.op !== "delete-range");
    if (!op) return this.rows ? this.mark(row) : fill($("#history"), h("p", { class: "dim" }, "Select a record that sets or deletes a key."));
    if (this.rows && row.ops.some((o) => covers(o, this.bucket, this.key))) return this.mark(row);
    this.load(op.bucket || "", op.key);
  }

  async load(bucket, key) {
    const turn = (this.turn = (this.turn || 0) + 1);
    this.bucket = bucket;
    this.key = key;
    fill($("#history"), h("p", { class: "dim" }, "Reading…"));
    try {
      const found = this.app.source.live ? await this.ask(bucket, key) : await this.walk(bucket, key);
      if (turn !== this.turn) return;
      this.rows = found.rows;
      this.show(found);
    } catch (e) {
      if (turn === this.turn) fill($("#history"), h("p", { class: "dim" }, "The history cannot be read: " + e.message));
    }
  }

  async ask(bucket, key) {
    const params = { bucket };
    if (typeof key === "string") params.key = key;
    else if (key?.x !== undefined && key.x.length === 2 * key.n) params.hex = key.x;
    else throw new Error("the key is too long for this page");
    const answer = await this.app.source.ask("history", params);
    for (const r of answer.rows) r.ops ||= [];
    return answer;
  }

  async walk(bucket, key) {
    const { over, source } = this.app;
    const rows = [];
    let lost = 0;
    let pause = performance.now();
    for (const i of over.embedded) {
      for (const row of await source.chunks.get(i)) {
        if (row.ops.some((op) => covers(op, bucket, key))) rows.push(row);
        if (row.kind === "damage") lost++;
      }
      if (performance.now() - pause > 40) {
        await new Promise((r) => setTimeout(r));
        pause = performance.now();
      }
    }
    const note = !over.whole ? "Only among the records that are in this file."
      : over.first_lsn > 1 ? "From LSN " + count(over.first_lsn) + " on; what was before is only in a snapshot." : "";
    const gaps = lost ? " " + plural(lost, "place") + " of the log cannot be read: what happened to the key there is not known." : "";
    const cut = over.ops_cut ? " Long commits are shortened in this file and may have touched the key too." : "";
    const base = over.base?.keys.find((e) => (e.bucket || "") === bucket && same(e.key, key));
    if (base) rows.unshift({ kind: "record", lsn: base.lsn, ops: [{ op: "set", ...base }] });
    const past = base ? "A snapshot knows what LSN " + count(base.lsn) + " set; what was before is gone." : note;
    return { rows: rows.slice(-VERSIONS), total: rows.length, note: past + gaps + cut };
  }

  show({ rows, total, note }) {
    const { bucket, key } = this;
    const items = rows.toReversed().flatMap((row) => row.ops.filter((op) => covers(op, bucket, key)).toReversed().map((op) => this.item(row, op)));
    fill($("#history"),
      h("h3", {}, "History of ", h("code", {}, bucketed(bucket, key))),
      h("p", { class: "dim" }, plural(total, "commit"), total > rows.length ? ", the last " + count(rows.length) + " are shown" : "", ". ", note),
      h("ol", { class: "history" }, items));
    this.mark(this.app.row);
    say(plural(total, "commit") + " touched " + bucketed(bucket, key) + ".");
  }

  item(row, op) {
    return h("li", {}, h("button", { type: "button", "data-lsn": row.lsn, onclick: () => this.app.go(this.app.places.byLSN(row.lsn), "history") },
      h("span", { class: "tag k-" + op.op }, kindNames[op.op]),
      h("b", {}, "LSN " + count(row.lsn)),
      h("time", {}, when(row.time)),
      h("span", { class: "dim" }, op.expires ? "until " + when(op.expires) : ""),
      h("code", {}, op.op === "set" ? bytes(op.value) || "(empty)" : op.op === "delete-range" ? what(op) : "gone")));
  }

  mark(row) {
    for (const b of $("#history").querySelectorAll("button[data-lsn]")) {
      b.setAttribute("aria-current", row && Number(b.dataset.lsn) === row.lsn ? "true" : "false");
    }
  }
}
