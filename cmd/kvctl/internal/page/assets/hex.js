// The bytes of a frame, with every field named. The dump and the table of fields
// are two views of one thing: what is chosen in one lights up in the other.

import { $, fill, h, lastAtMost } from "./dom.js";
import { count, hex, plural, size } from "./format.js";

const AROUND = 4096; // bytes that are shown whole; of more, the header and the record
// Of a very long record, lines at each end and about the chosen field: a browser is
// slow with tens of thousands.
const EDGE = 200, ABOUT = 400;

export class HexPane {
  constructor(app) {
    this.app = app;
    this.root = $("#hex");
    this.dump = $("#dump");
    this.list = $("#fields");
    this.dump.addEventListener("pointerover", (e) => this.hover(e));
    this.dump.addEventListener("pointerleave", () => this.light(this.chosen));
    this.dump.addEventListener("click", (e) => {
      const f = e.target.closest("[data-f]");
      if (f) this.choose(Number(f.dataset.f), true);
    });
    this.list.addEventListener("click", (e) => {
      const f = e.target.closest("[data-f]");
      if (f) this.choose(Number(f.dataset.f), false);
    });
    this.list.addEventListener("keydown", (e) => this.key(e));
    this.narrow = window.matchMedia("(max-width: 46rem)");
    this.narrow.addEventListener("change", () => this.frame && this.show());
    app.on("select", ({ row }) => this.select(row));
  }

  async select(row) {
    const turn = (this.turn = (this.turn || 0) + 1);
    this.row = row;
    if (row.kind === "gap") return this.note(this.app.describe(row));
    try {
      const frame = await this.app.source.frame(row);
      if (turn !== this.turn) return;
      this.frame = frame;
      this.raw = frame.pieces.map((p) => ({ at: p.at, data: Uint8Array.from(atob(p.bytes), (c) => c.charCodeAt(0)) }));
      this.show();
    } catch (e) {
      if (turn === this.turn) this.note("The bytes cannot be shown: " + e.message + ".");
    }
  }

  note(text) {
    this.frame = null;
    fill($("#frame-title"), "");
    fill($("#frame-verdict"), text);
    fill(this.dump);
    fill(this.list);
  }

  byte(at) {
    for (const p of this.raw) if (at >= p.at && at < p.at + p.data.length) return p.data[at - p.at];
    return undefined;
  }

  show() {
    const { frame, row } = this;
    const name = row.kind === "record" ? "Frame" : row.kind === "header" ? "Segment header" : row.kind === "mark" || row.kind === "seal" ? "Empty frame" : "Bytes";
    fill($("#frame-title"), name + " at " + count(frame.at), h("span", {}, frame.file + ", " + size(frame.len) + (frame.proven === false ? "; not yet proven durable" : "")));
    this.verdict();
    const fields = frame.fields.map((f, i) => ({ ...f, i }));
    const whole = frame.len <= AROUND;
    const wanted = (f) => whole || f.at < frame.at + 48 || (f.at >= row.at && f.at < row.at + Math.max(row.len, 1));
    this.fields = fields.filter(wanted);
    this.center = frame.at;
    this.drawDump();
    this.drawFields();
    const own = this.fields.find((f) => f.bad) || this.fields.find((f) => f.record && f.at >= row.at) || this.fields[0];
    if (own) this.choose(own.i, false, true);
  }

  verdict() {
    const { verdict } = this.frame;
    if (!verdict) return fill($("#frame-verdict"));
    fill($("#frame-verdict"), h("p", { class: "notice " + verdict.kind }, h("b", {}, verdict.title), " ", verdict.text,
      verdict.expected ? h("span", { class: "versus" },
        h("span", {}, verdict.check + " expected ", h("code", {}, verdict.expected)),
        h("span", {}, "found ", h("code", { class: "bad" }, verdict.found))) : null));
  }

  drawDump() {
    const per = this.narrow.matches ? 8 : 16;
    const field = (at) => {
      const f = this.fields[lastAtMost(this.fields, at, (f) => f.at)];
      return f && at < f.at + f.len ? f : undefined;
    };
    const lines = [];
    let gap = true, hidden = 0;
    for (const p of this.raw) {
      const end = p.at + p.data.length, first = p.at - (p.at % per);
      const near = (line, to, lines) => Math.abs(line - to) <= lines * per;
      for (let line = first; line < end; line += per) {
        if (!near(line, first, EDGE) && !near(line, end, EDGE) && !near(line, this.center, ABOUT)) {
          if (field(line)) hidden += per;
          if (!gap) lines.push(h("div", { class: "line cut" }, "⋮"));
          gap = true;
          continue;
        }
        let any = false;
        const bytes = [], text = [];
        for (let at = line; at < line + per; at++) {
          const b = at >= p.at && at < end ? this.byte(at) : undefined;
          const f = field(at);
          const show = b !== undefined && (f || this.frame.len <= AROUND);
          any ||= show;
          const attrs = f && show ? { "data-f": f.i, class: "t-" + f.kind + (f.bad ? " bad" : "") } : {};
          bytes.push(h("span", attrs, show ? hex(b) : "  "));
          text.push(h("span", attrs, show ? (b > 31 && b < 127 ? String.fromCharCode(b) : "·") : " "));
        }
        if (!any) {
          if (!gap) lines.push(h("div", { class: "line cut" }, "⋮"));
          gap = true;
          continue;
        }
        gap = false;
        lines.push(h("div", { class: "line" }, h("span", { class: "off" }, hex(line, 8)), h("span", { class: "bytes" }, bytes), h("span", { class: "text" }, text)));
      }
    }
    const shown = this.raw.reduce((n, p) => n + p.data.length, -hidden);
    if (shown < this.frame.len) lines.push(h("div", { class: "line cut" }, plural(this.frame.len - shown, "byte") + " not shown"));
    fill(this.dump, lines);
    this.dump.setAttribute("aria-label", "Bytes from offset " + this.frame.at + " on; the list of fields says what they mean");
  }

  drawFields() {
    const items = [];
    let group = null;
    for (const f of this.fields) {
      if (f.group !== group) {
        group = f.group;
        items.push(h("div", { class: "group", role: "presentation" }, group));
      }
      items.push(h("div", { role: "option", id: "field-" + f.i, "data-f": f.i, class: "field" + (f.bad ? " bad" : ""), "aria-selected": "false" },
        h("i", { class: "swatch t-" + f.kind, "aria-hidden": "true" }),
        h("span", { class: "f-name" }, f.name),
        h("span", { class: "f-value" }, value(f)),
        h("span", { class: "f-at" }, "+" + (f.at - this.frame.at) + (f.len !== 1 ? ", " + plural(f.len, "byte") : ""))));
    }
    fill(this.list, items);
  }

  hover(e) {
    const f = e.target.closest("[data-f]");
    this.light(f ? Number(f.dataset.f) : this.chosen);
  }

  light(i) {
    for (const e of this.root.querySelectorAll(".lit")) e.classList.remove("lit");
    for (const e of this.root.querySelectorAll('[data-f="' + i + '"]')) e.classList.add("lit");
  }

  choose(i, focus, quiet) {
    this.chosen = i;
    for (const e of this.list.querySelectorAll('[aria-selected="true"]')) e.setAttribute("aria-selected", "false");
    const item = $("#field-" + i, this.list);
    if (!item) return;
    if (!$('[data-f="' + i + '"]', this.dump)) { // in a part that is left out
      this.center = this.frame.fields[i].at;
      this.drawDump();
    }
    item.setAttribute("aria-selected", "true");
    this.list.setAttribute("aria-activedescendant", item.id);
    this.light(i);
    if (quiet) {
      this.list.scrollTop = Math.max(0, item.offsetTop - 60);
      return this.keep($('[data-f="' + i + '"]', this.dump));
    }
    item.scrollIntoView({ block: "nearest" });
    this.keep($('[data-f="' + i + '"]', this.dump));
    if (focus) this.list.focus({ preventScroll: true });
  }

  /** keep scrolls the dump, and nothing else, to a byte. */
  keep(byte) {
    if (!byte) return;
    const line = byte.closest(".line");
    const top = line.offsetTop;
    if (top < this.dump.scrollTop || top + line.offsetHeight > this.dump.scrollTop + this.dump.clientHeight) {
      this.dump.scrollTop = top - this.dump.clientHeight / 3;
    }
  }

  key(e) {
    const at = this.fields ? this.fields.findIndex((f) => f.i === this.chosen) : -1;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: this.fields?.length - 1, PageDown: at + 10, PageUp: at - 10 }[e.key];
    if (to === undefined || at < 0) return;
    e.preventDefault();
    this.choose(this.fields[Math.min(this.fields.length - 1, Math.max(0, to))].i, false);
  }
}

function value(f) {
  if (f.expected === undefined) return f.value;
  if (!f.bad && f.kind !== "crc") return [f.value, " ", h("b", { class: "good", title: "as expected" }, "✓"), h("span", { class: "hidden" }, " as expected")];
  return [
    h("span", {}, "expected ", h("code", {}, f.expected)), " ",
    h("span", {}, "found ", h("code", { class: f.bad ? "bad" : "good" }, f.found)), " ",
    h("b", { class: f.bad ? "bad" : "good" }, f.bad ? "✗ differs" : "✓ holds"),
  ];
}
