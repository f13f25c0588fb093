// The selected row in words: a commit's operations, or what else lies there.

import { $, fill, h } from "./dom.js";
import { bytes, bucketed, count, kindNames, kindOf, plural, size, what, when } from "./format.js";

const SHOWN = 50; // operations

export class RecordPane {
  constructor(app) {
    this.app = app;
    app.on("select", ({ row }) => this.show(row));
  }

  show(row) {
    const { app } = this;
    const title = row.kind === "record" ? "LSN " + count(row.lsn) : row.kind === "gap" ? "Not in this file" : kindNames[kindOf(row)];
    fill($("#record-title"), title,
      row.time ? h("time", {}, when(row.time) + " UTC") : null);
    const points = $("#record-points");
    points.hidden = row.kind !== "record";
    $("#set-a").onclick = () => app.mark("a", row.lsn);
    $("#set-b").onclick = () => app.mark("b", row.lsn);
    if (row.kind !== "record") {
      fill($("#ops"), h("p", { class: "dim" }, row.kind === "gap" ? app.describe(row) : row.why || ""));
      return;
    }
    const total = row.op_count || row.ops.length;
    fill($("#ops"), row.ops.length ? h("ul", { class: "ops" }, row.ops.slice(0, SHOWN).map((op) => this.op(op))) : h("p", { class: "dim" }, row.why || "A commit without an operation."),
      total > SHOWN || total > row.ops.length ? h("p", { class: "dim" }, plural(total - Math.min(SHOWN, row.ops.length), "operation") + " more; kvctl log --from " + row.lsn + " --limit 1 --full shows all") : null);
  }

  op(op) {
    const history = op.op === "delete-range" ? null : h("button", {
      type: "button", class: "link", "aria-label": "History of " + bucketed(op.bucket, op.key),
      onclick: () => this.app.tell("history", { bucket: op.bucket || "", key: op.key }),
    }, "history");
    return h("li", {},
      h("span", { class: "tag k-" + op.op }, kindNames[op.op]),
      h("code", { class: "key" }, what(op)),
      op.expires ? h("span", { class: "dim" }, "until " + when(op.expires)) : null,
      history,
      op.op === "set" ? h("code", { class: "val" }, bytes(op.value) || "(empty)") : null);
  }
}
