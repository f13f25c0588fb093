// The head of the page: what store this is, whether it is sound, and each finding
// in words: what happened, what is lost, what to do.

import { $, fill, h, put, say } from "./dom.js";
import { count, plural, size, when } from "./format.js";

const verdicts = {
  sound: ["Sound", "Every frame of the log verifies."],
  torn: ["Torn tail", "What a crash leaves. The next open for writing mends it; nothing that was acknowledged is lost."],
  newer: ["Of a newer program", "Nothing is wrong with it; this kvctl does not know all of its format."],
  damaged: ["Damaged", "What no crash leaves: bytes that had arrived are changed or gone."],
  empty: ["Empty", "A store without a record."],
};

/** head fills in the header and the facts. */
export function head(app) {
  const { over } = app;
  const [name, meaning] = verdicts[over.verdict] || [over.verdict, ""];
  $("#name").textContent = over.dir;
  fill($("#verdict"), h("b", { class: "pill " + over.verdict }, name), h("span", {}, meaning));
  const fact = (term, ...text) => h("div", {}, h("dt", {}, term), h("dd", {}, ...text));
  fill($("#facts"),
    fact("Records", count(over.records)),
    fact("LSNs", over.records ? count(over.first_lsn) + " – " + count(over.last_lsn) : "none"),
    over.records > 0 && fact("Operations", [["set", "set"], ["delete", "delete"], ["delete-range", "range"]].filter(([k]) => over.ops[k]).map(([k, label], i) => [
      i ? " " : "", h("span", { class: "op" }, h("i", { class: "swatch k-" + k, "aria-hidden": "true" }), count(over.ops[k]) + " " + label)])),
    fact("Segments", count(over.segments.length) + ", " + size(over.segments.reduce((n, s) => n + s.size, 0))),
    fact("Written", over.first_time ? when(over.first_time).slice(0, 19) + " – " + (when(over.last_time).slice(0, 10) === when(over.first_time).slice(0, 10) ? when(over.last_time).slice(11, 19) : when(over.last_time).slice(0, 19)) + " UTC" : "no times recorded"),
    fact("Store", h("code", {}, over.store || "no identity")));
  document.title = over.dir + ": " + name.toLowerCase() + " – kvctl";
}

/** findings lists what is wrong, if anything is. */
export function findings(app) {
  const section = $("#findings");
  const { findings: list } = app.over;
  section.hidden = !list.length;
  fill($("#finding-list"), list.map((f) => card(app, f)));
}

function card(app, f) {
  const where = f.offset >= 0 && f.segment ? h("button", {
    type: "button", class: "link", onclick: () => app.go(app.places.byOffset(f.segment, f.offset), "finding").then(() => app.tell("open")),
  }, "Show the bytes") : null;
  return h("li", { class: "finding " + f.severity },
    h("h3", {}, h("span", { class: "sign", "aria-hidden": "true" }, f.severity === "note" ? "i" : "!"), f.title,
      h("code", {}, f.file + (f.offset >= 0 ? " @ " + count(f.offset) : "")), where),
    h("dl", {},
      h("div", {}, h("dt", {}, "What happened"), h("dd", {}, f.happened)),
      h("div", {}, h("dt", {}, "What is lost"), h("dd", {}, f.lost)),
      h("div", {}, h("dt", {}, "What to do"), h("dd", {}, f.todo, f.commands.map(command)))));
}

function command(text) {
  const button = h("button", { type: "button", class: "copy", "aria-label": "Copy: " + text, onclick: copy }, "Copy");
  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
      say("Copied.");
    } catch {
      getSelection().selectAllChildren(button.previousSibling); // file:// in some browsers
      say("Selected; copy it with the keyboard.");
    }
  }
  return h("div", { class: "command" }, h("code", {}, text), button);
}

/** sampled says what of the log is in this page. */
export function sampled(app) {
  const { over, source } = app;
  const e = fill($("#sampled"));
  if (source.live) {
    put(e, "Served by kvctl ui: the map and the scrubber cover the whole log, records are fetched as they are looked at.");
    return;
  }
  if (over.whole) {
    put(e, "This file holds the whole log: ", plural(over.records, "record"), " in " + plural(over.frames, "frame") + ". It needs no network.");
    return;
  }
  put(e, h("b", {}, "A sample. "),
    "The map, the scrubber and all sums cover the whole log. Of its " + plural(over.rows, "row") + " this file holds " + count(over.embedded_rows) +
    " in detail (at most " + size(over.detail_limit) + "): the first, the last, those around each finding, and runs spread evenly over the rest. " +
    "The record list says where rows are left out. To look at all of them: ",
    h("code", {}, over.ui_command));
}

/** made says when and by what the page was made. */
export function made(app) {
  const { over } = app;
  $("#made").textContent = (over.mode === "live" ? "Read " : "Made ") + when(over.generated).slice(0, 19) + " UTC by " + over.program +
    ". Nothing in the store was changed.";
}
