// The lens: the neighbourhood of the selected row, to scale, frame by frame. A
// pointer's shortcut; the record list says the same to everybody.

import { $, clamp, ink, paint } from "./dom.js";
import { count, kindOf, size } from "./format.js";
import { byteKinds, hatch } from "./map.js";

const HEADER = 40; // bytes of a frame's header

export class Lens {
  constructor(app) {
    this.app = app;
    this.box = $("#lens");
    this.canvas = $("canvas", this.box);
    this.blocks = [];
    this.canvas.addEventListener("click", (e) => this.click(e));
    new ResizeObserver(() => this.draw()).observe(this.box);
    app.on("select", () => this.draw());
    app.on("theme", () => this.draw());
  }

  draw() {
    const { row, over } = this.app;
    this.box.hidden = !row || row.kind === "gap";
    if (this.box.hidden) return;
    const near = this.near(row).filter((r) => r.segment === row.segment);
    const segment = over.segments.find((s) => s.seq === row.segment);
    const room = segment.size;
    this.box.hidden = !room;
    if (!room) return;
    const span = clamp(Math.max(row.len * 8, 480), 480, Math.max(room, 480));
    let from = row.at - span * 0.42;
    from = clamp(from, 0, Math.max(0, room - span));
    this.from = from;
    this.span = Math.min(span, room - from);
    this.rows = near.filter((r) => r.at < from + span && r.at + r.len > from);
    $("#lens-from").textContent = "offset " + count(Math.floor(from));
    $("#lens-to").textContent = count(Math.floor(from + this.span));
    $("#lens-what").textContent = "Segment " + row.segment + ", " + size(Math.round(this.span)) + " around the selection";
    paint(this.canvas, (c, width, height, scale) => this.paint(c, width, height, scale, row, segment));
  }

  /** near is the rows of the selected one's chunk and of those beside it, as far as they are at hand; what can be had is drawn when it has come. */
  near(row) {
    const { source, over } = this.app;
    const chunk = Math.floor(row.ord / over.chunk_rows);
    const rows = [];
    for (const i of [chunk - 1, chunk, chunk + 1]) {
      if (i < 0 || i * over.chunk_rows >= over.rows || !source.has(i)) continue;
      const held = source.chunks.now(i);
      if (held) rows.push(...held);
      else source.chunks.get(i).then(() => this.app.row === row && this.draw(), () => {});
    }
    return rows;
  }

  paint(c, width, height, scale, row, segment) {
    const x = (at) => ((at - this.from) / this.span) * width;
    const top = 12 * scale, tall = height - 24 * scale;
    const fills = { damage: hatch(c, scale, ink("k-damage"), ink("damage-bg")), torn: hatch(c, scale, ink("k-torn"), ink("torn-bg")), zeros: hatch(c, scale, ink("hatch"), ink("k-zeros")) };
    c.font = 11 * scale + "px " + getComputedStyle(this.box).fontFamily;
    c.textBaseline = "middle";
    const zeros = byteKinds.indexOf("zeros");
    segment.bins.forEach((bin, i) => {
      if (!bin[zeros] || bin.some((n, k) => n && k !== zeros)) return;
      c.fillStyle = fills.zeros;
      c.fillRect(x(i * segment.step), top, x(segment.step) - x(0) + 1, tall);
    });
    const frames = new Set();
    for (const r of this.rows) {
      const left = x(r.at), right = x(r.at + r.len);
      if (r.kind === "record" && !frames.has(r.frame)) {
        frames.add(r.frame);
        c.fillStyle = ink("k-frame");
        c.fillRect(x(r.frame), top, x(r.frame + HEADER) - x(r.frame), tall);
      }
      const kind = kindOf(r);
      c.fillStyle = fills[kind] || ink("k-" + kind) || ink("k-frame");
      c.fillRect(left, top, Math.max(scale, right - left - scale), tall);
      if (r.ord === row.ord) {
        c.strokeStyle = ink("fg");
        c.lineWidth = 2 * scale;
        c.strokeRect(left, top - 3 * scale, Math.max(2 * scale, right - left - scale), tall + 6 * scale);
      }
      const label = r.kind === "record" ? String(r.lsn) : r.kind;
      const wide = c.measureText(label).width;
      if (right - Math.max(left, 0) > wide + 8 * scale) {
        if (fills[r.kind]) { // on stripes a word needs a ground of its own
          c.fillStyle = ink("panel");
          c.fillRect(Math.max(left, 0) + scale, top + tall / 2 - 8 * scale, wide + 8 * scale, 16 * scale);
        }
        c.fillStyle = fills[r.kind] ? ink("fg") : ink("on-kind");
        c.fillText(label, Math.max(left, 0) + 5 * scale, top + tall / 2);
      }
    }
    // Frames are bracketed below.
    c.strokeStyle = ink("dim");
    c.lineWidth = scale;
    for (const frame of frames) {
      const last = this.rows.findLast((r) => r.frame === frame);
      const left = x(frame) + scale, right = x(last.at + last.len) - 2 * scale;
      c.beginPath();
      c.moveTo(left, height - 9 * scale);
      c.lineTo(left, height - 4 * scale);
      c.lineTo(right, height - 4 * scale);
      c.lineTo(right, height - 9 * scale);
      c.stroke();
    }
  }

  click(e) {
    const box = this.canvas.getBoundingClientRect();
    const at = this.from + ((e.clientX - box.left) / box.width) * this.span;
    const row = this.rows.findLast((r) => r.at <= at) || this.rows[0];
    this.app.select(row, "lens");
  }
}
