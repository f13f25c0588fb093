// The segment map: each segment a strip, all at one scale, from its first byte to
// its last, coloured by what the bytes are. Where a column of pixels holds several
// kinds they are stacked by their share. Damage and torn tails are hatched, never
// thinner than can be seen, and flagged above the strip.

import { $, clamp, fill, h, ink, paint } from "./dom.js";
import { count, kindNames, plural, size, when } from "./format.js";

// The kinds of bytes, in the order of a bin's numbers.
export const byteKinds = ["header", "frame", "set", "delete", "delete-range", "mark", "ignored", "zeros", "torn", "damage"];

const DAMAGE = byteKinds.indexOf("damage");
const TORN = byteKinds.indexOf("torn");

export class SegmentMap {
  constructor(app) {
    this.app = app;
    this.strips = [];
    const { segments } = app.over;
    this.scale = Math.max(1, ...segments.map((s) => s.size));
    const list = $("#segments");
    list.classList.toggle("many", segments.length > 6);
    fill(list, segments.map((s) => this.strip(s)));
    if (!segments.length) fill(list, h("p", { class: "empty" }, "There is no segment: the log is empty."));
    this.legend();
    new ResizeObserver(() => this.draw()).observe(list);
    app.on("select", ({ from }) => this.cursor(from));
    app.on("theme", () => this.draw());
  }

  strip(s) {
    const canvas = h("canvas", { "aria-hidden": "true" });
    const cursor = h("i", { class: "cursor", hidden: true, "aria-hidden": "true" });
    const slider = h("div", {
      class: "strip", role: "slider", tabindex: "0", "aria-label": "Position in segment " + s.seq,
      "aria-valuemin": 0, "aria-valuemax": s.size, "aria-valuenow": 0, "aria-valuetext": this.text(s, 0),
    }, canvas, cursor, h("span", { class: "tip", "aria-hidden": "true", hidden: true }));
    const strip = { s, slider, canvas, cursor, at: 0 };
    slider.style.width = Math.max(0.4, (100 * s.size) / this.scale) + "%";
    slider.addEventListener("pointerdown", (e) => this.pointer(strip, e));
    slider.addEventListener("pointermove", (e) => this.hover(strip, e));
    slider.addEventListener("pointerleave", () => ($(".tip", slider).hidden = true));
    slider.addEventListener("keydown", (e) => this.key(strip, e));
    this.strips.push(strip);
    return h("li", { class: "segment" },
      h("div", { class: "seg-name" }, h("b", {}, "Segment " + s.seq), h("span", {}, size(s.size)),
        s.active ? h("span", { class: "chip" }, "being written") : null),
      h("div", { class: "lane" }, this.flags(s), slider),
      h("div", { class: "seg-facts" }, s.missing ? h("span", {}, "the file is missing") :
        s.records ? h("span", {}, "LSN " + count(s.first_lsn) + (s.last_lsn > s.first_lsn ? " to " + count(s.last_lsn) : "")) : h("span", {}, "no records"),
        h("span", {}, plural(s.records, "record") + ", " + plural(s.frames, "frame"))));
  }

  /** flags are the places of a segment that a finding is about. */
  flags(s) {
    const marks = this.app.over.findings.filter((f) => f.segment === s.seq && f.offset >= 0);
    if (!marks.length) return null;
    return h("div", { class: "flags" }, marks.map((f) => {
      const flag = h("button", {
        type: "button", class: "flag " + f.severity,
        "aria-label": f.title + " at offset " + count(f.offset) + ": show its bytes",
        onclick: () => this.app.go(this.app.places.byOffset(s.seq, f.offset), "map").then(() => this.app.tell("open")),
      }, h("span", {}, f.short));
      const part = (100 * f.offset) / this.scale;
      flag.style.left = part + "%";
      flag.classList.toggle("left", part > 70);
      return flag;
    }));
  }

  pointer(strip, e) {
    const box = strip.slider.getBoundingClientRect();
    this.move(strip, ((e.clientX - box.left) / box.width) * strip.s.size);
  }

  hover(strip, e) {
    const box = strip.slider.getBoundingClientRect();
    const part = clamp((e.clientX - box.left) / box.width, 0, 1);
    const tip = $(".tip", strip.slider);
    tip.textContent = this.text(strip.s, part * strip.s.size);
    tip.hidden = false;
    tip.style.left = clamp(e.clientX - box.left, 0, Math.max(0, box.width - tip.offsetWidth)) + "px";
    if (e.buttons & 1) this.pointer(strip, e);
  }

  key(strip, e) {
    const { s } = strip;
    const step = Math.max(s.step, s.size / 200);
    const to = {
      ArrowRight: strip.at + step, ArrowLeft: strip.at - step, ArrowUp: strip.at + step, ArrowDown: strip.at - step,
      PageUp: strip.at + 10 * step, PageDown: strip.at - 10 * step, Home: 0, End: s.size - 1,
    }[e.key];
    if (to !== undefined) {
      e.preventDefault();
      this.move(strip, to);
    } else if (e.key === "Enter") {
      this.app.tell("open");
    }
  }

  move(strip, at) {
    strip.at = clamp(Math.floor(at), 0, Math.max(0, strip.s.size - 1));
    this.value(strip);
    this.app.go(this.app.places.byOffset(strip.s.seq, strip.at), "map");
  }

  value(strip) {
    strip.slider.setAttribute("aria-valuenow", strip.at);
    strip.slider.setAttribute("aria-valuetext", this.text(strip.s, strip.at));
  }

  /** text says what lies at an offset. */
  text(s, offset) {
    const bin = s.bins[Math.min(s.bins.length - 1, Math.floor(offset / s.step))];
    if (!bin) return "nothing";
    const kinds = byteKinds.filter((_, i) => bin[i]).map((k) => kindNames[k]);
    return "offset " + count(Math.floor(offset)) + ": " + kinds.join(", ");
  }

  legend() {
    const { segments } = this.app.over;
    const sums = byteKinds.map((_, i) => segments.reduce((n, s) => n + s.bins.reduce((m, b) => m + (b[i] || 0), 0), 0));
    fill($("#legend"), byteKinds.map((k, i) => sums[i] ? h("li", {}, h("i", { class: "swatch k-" + k }), kindNames[k], h("span", {}, size(sums[i]))) : null));
  }

  draw() {
    for (const strip of this.strips) {
      paint(strip.canvas, (c, width, height, scale) => drawStrip(c, width, height, scale, strip.s));
    }
    this.cursor();
  }

  cursor(from) {
    const { row } = this.app;
    for (const strip of this.strips) {
      const here = row && row.segment === strip.s.seq;
      strip.cursor.hidden = !here;
      if (here) {
        if (from !== "map") strip.at = row.at; // a key must get out of a row that is longer than its step
        strip.cursor.style.left = (100 * row.at) / Math.max(1, strip.s.size) + "%";
        this.value(strip);
        if (from !== "map") this.keep(strip.slider.closest("li"));
      }
    }
  }

  /** keep scrolls the list of segments, and nothing else, to one of them. */
  keep(item) {
    const list = $("#segments");
    const top = item.offsetTop - list.offsetTop;
    if (top < list.scrollTop || top + item.offsetHeight > list.scrollTop + list.clientHeight) {
      list.scrollTop = top - list.clientHeight / 2;
    }
  }
}

/** hatch is a pattern of slanted lines. */
export function hatch(c, scale, line, ground) {
  const tile = new OffscreenCanvas(8 * scale, 8 * scale);
  const t = tile.getContext("2d");
  if (ground) {
    t.fillStyle = ground;
    t.fillRect(0, 0, tile.width, tile.height);
  }
  t.strokeStyle = line;
  t.lineWidth = 2 * scale;
  t.beginPath();
  for (const x of [-8, 0, 8]) {
    t.moveTo((x - 1) * scale, 9 * scale);
    t.lineTo((x + 9) * scale, -1 * scale);
  }
  t.stroke();
  return c.createPattern(tile, "repeat");
}

function drawStrip(c, width, height, scale, s) {
  const fills = byteKinds.map((k) => ink("k-" + k));
  fills[byteKinds.indexOf("zeros")] = hatch(c, scale, ink("hatch"), ink("k-zeros"));
  fills[TORN] = hatch(c, scale, ink("k-torn"), ink("torn-bg"));
  fills[DAMAGE] = hatch(c, scale, ink("k-damage"), ink("damage-bg"));
  const perPixel = s.size / width;
  const bad = []; // columns that must be seen whatever else they hold
  for (let x = 0; x < width; x++) {
    const from = x * perPixel, to = (x + 1) * perPixel;
    const sums = new Array(byteKinds.length).fill(0);
    const last = Math.min(s.bins.length - 1, Math.floor(to / s.step));
    for (let i = Math.floor(from / s.step); i <= last; i++) {
      const start = i * s.step;
      const share = (Math.min(to, start + s.step) - Math.max(from, start)) / s.step;
      if (share > 0) s.bins[i].forEach((n, k) => (sums[k] += n * share));
    }
    const total = sums.reduce((a, b) => a + b, 0);
    if (!total) continue;
    if (sums[DAMAGE] || sums[TORN]) bad.push([x, sums[DAMAGE] ? DAMAGE : TORN]);
    let y = height;
    sums.forEach((n, k) => {
      if (!n) return;
      const tall = (n / total) * height;
      c.fillStyle = fills[k];
      c.fillRect(x, y - tall, 1, tall + 0.5);
      y -= tall;
    });
  }
  for (const [x, k] of bad) {
    c.fillStyle = fills[k];
    c.fillRect(Math.min(x, width - 3 * scale), 0, 3 * scale, height);
  }
  // A torn edge where a torn tail begins, a straight one where damage does.
  const tear = bad.find(([, k]) => k === TORN);
  if (tear) {
    c.strokeStyle = ink("k-torn");
    c.lineWidth = 2 * scale;
    c.beginPath();
    for (let y = 0, side = 0; y <= height; y += 4 * scale, side ^= 1) c.lineTo(tear[0] + (side ? 3 : -1) * scale, y);
    c.stroke();
  }
}

/** snapshots lists the snapshots beside the map. */
export function snapshots(app) {
  const { snapshots: list } = app.over;
  fill($("#snapshots"), list.length ? list.map((s) => h("li", { class: s.bad ? "bad" : "" },
    h("i", { class: "diamond", "aria-hidden": "true" }), h("b", {}, "Snapshot at LSN " + count(s.lsn)),
    h("span", {}, plural(s.entries, "key") + ", " + size(s.bytes) + (s.bad ? " · " + s.bad : "") + (s.created ? " · " + when(s.created) : "")))) : []);
}
