// The scrubber: how much of what was written when, and three handles on it. The
// cursor is the selected row; A and B are the points of a comparison. By LSN the
// scale is the order of the log, in which skipped LSNs take no room; by time it is
// the writer's clock.

import { $, clamp, h, ink, paint, put } from "./dom.js";
import { clock, count, when } from "./format.js";

const stacked = ["set", "delete", "delete-range"];

export class Scrubber {
  constructor(app) {
    this.app = app;
    this.scale = "lsn";
    this.track = $("#track");
    this.canvas = $("canvas", this.track);
    this.handles = {};
    for (const [name, label] of [["at", "Position in the log"], ["a", "Point A"], ["b", "Point B"]]) {
      this.handles[name] = this.handle(name, label);
    }
    put(this.track, Object.values(this.handles));
    this.track.addEventListener("pointerdown", (e) => this.grab(e));
    for (const radio of document.querySelectorAll("input[name=scale]")) {
      radio.addEventListener("change", () => this.by(radio.value));
    }
    $("#jump").addEventListener("submit", (e) => {
      e.preventDefault();
      this.jump($("#jump-to").value.trim());
    });
    new ResizeObserver(() => this.draw()).observe(this.track);
    app.on("select", () => this.place());
    app.on("points", () => this.place());
    app.on("theme", () => this.draw());
    if (!app.over.by_time.buckets.length) $("#by-time").disabled = true;
    if (!app.over.records) { // a scale from nowhere to nowhere says nothing
      for (const e of [this.track, $(".axis"), $(".radio"), $("#jump")]) e.hidden = true;
    }
  }

  handle(name, label) {
    const handle = h("div", {
      class: "handle h-" + name, role: "slider", tabindex: "0", "aria-label": label, "data-name": name,
      "aria-valuemin": this.app.over.first_lsn, "aria-valuemax": this.app.over.last_lsn, "aria-orientation": "horizontal",
    }, h("span", { "aria-hidden": "true" }, name === "at" ? "" : name.toUpperCase()));
    handle.addEventListener("keydown", (e) => this.key(name, e));
    return handle;
  }

  by(scale) {
    this.scale = scale;
    this.draw();
  }

  /** last is the number of the last row. */
  get last() {
    return Math.max(0, this.app.over.rows - 1);
  }

  /** part is where on the scale, 0 to 1, a place in the log is. */
  part(ord, time) {
    if (this.scale === "lsn") return clamp((ord + 0.5) / (this.last + 1), 0, 1); // the middle of its bar
    const { from, step, buckets } = this.app.over.by_time;
    return clamp(((time || this.app.places.timeAt(ord)) - from) / (step * buckets.length), 0, 1);
  }

  /** ord is the place in the log of a position on the scale. */
  ord(part) {
    if (this.scale === "lsn") return clamp(Math.floor(part * (this.last + 1)), 0, this.last);
    const { from, step, buckets } = this.app.over.by_time;
    return Math.round(this.app.places.ordAtTime(from + part * step * buckets.length));
  }

  where(name) {
    const { row, places } = this.app;
    if (name === "at") return row ? { ord: row.ord, lsn: row.lsn, time: row.time } : { ord: 0, lsn: this.app.over.first_lsn };
    const lsn = this.app[name];
    return { ord: places.ordOf(lsn), lsn };
  }

  grab(e) {
    if (e.button) return;
    const name = e.target.closest(".handle")?.dataset.name || "at";
    const box = this.track.getBoundingClientRect();
    const to = (e) => this.moveTo(name, this.ord(clamp((e.clientX - box.left) / box.width, 0, 1)));
    this.track.setPointerCapture(e.pointerId);
    this.track.onpointermove = to;
    this.track.onpointerup = this.track.onpointercancel = () => {
      this.track.onpointermove = this.track.onpointerup = this.track.onpointercancel = null;
    };
    this.handles[name].focus({ preventScroll: true });
    e.preventDefault();
    to(e);
  }

  moveTo(name, ord) {
    const { app } = this;
    ord = clamp(ord, 0, this.last);
    if (name === "at") return app.go(app.places.row(ord), "scrub");
    app.mark(name, app.places.lsnAt(ord));
  }

  key(name, e) {
    const page = Math.max(1, Math.round(this.last / 20));
    const { ord } = this.where(name);
    const to = {
      ArrowRight: ord + 1, ArrowUp: ord + 1, ArrowLeft: ord - 1, ArrowDown: ord - 1,
      PageUp: ord + page, PageDown: ord - page, Home: 0, End: this.last,
    }[e.key];
    if (to !== undefined) {
      e.preventDefault();
      if (name === "at") return this.moveTo(name, to);
      // A point moves by LSNs, so that a step is never lost between two rows.
      const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[e.key];
      const { first_lsn, last_lsn } = this.app.over;
      const lsn = step ? this.app[name] + step : this.app.places.lsnAt(clamp(to, 0, this.last));
      this.app.mark(name, clamp(lsn, Math.max(0, first_lsn - 1), last_lsn));
    } else if (e.key === "Enter") {
      this.app.tell(name === "at" ? "open" : "compare");
    }
  }

  /** jump goes to an LSN or a time that was typed. */
  jump(text) {
    const field = $("#jump-to");
    const { places } = this.app;
    const lsn = /^[\d,_ ]+$/.test(text) ? Number(text.replace(/[,_ ]/g, "")) : NaN;
    const time = isNaN(lsn) ? Date.parse(/\d\d:\d\d/.test(text) && !/Z|[+-]\d\d:?\d\d$/.test(text) ? text.replace(" ", "T") + "Z" : text) : NaN;
    field.setCustomValidity(isNaN(lsn) && isNaN(time) ? "Enter an LSN, such as 17, or a time, such as 2030-01-31 12:00:00" : "");
    if (!field.reportValidity()) return;
    this.app.go(isNaN(lsn) ? places.row(places.ordAtTime(time)) : places.byLSN(lsn), "jump");
  }

  draw() {
    const { over } = this.app;
    paint(this.canvas, (c, width, height, scale) => {
      const { buckets } = this.scale === "lsn" ? over.by_lsn : over.by_time;
      const most = Math.max(1, ...buckets.map((b) => b[1] + b[2] + b[3]));
      const count = Math.max(1, this.scale === "lsn" ? over.rows / over.by_lsn.step : buckets.length);
      const wide = width / count;
      buckets.forEach((b, i) => {
        let y = height;
        stacked.forEach((kind, k) => {
          const n = b[k + 1];
          if (!n) return;
          // A square root keeps the small ones in sight beside the large.
          const tall = (n / (b[1] + b[2] + b[3])) * Math.sqrt((b[1] + b[2] + b[3]) / most) * (height - 6);
          c.fillStyle = ink("k-" + kind);
          c.fillRect(Math.floor(i * wide), y - tall, Math.max(1, Math.ceil((i + 1) * wide) - Math.floor(i * wide) - (wide > 6 ? 1 : 0)), tall);
          y -= tall;
        });
      });
      for (const f of over.findings) {
        if (f.ord === undefined || f.severity === "note") continue;
        const x = Math.round(this.part(f.ord) * (width - 1));
        c.fillStyle = ink("k-" + f.severity);
        c.fillRect(x - scale, 0, 2 * scale, height);
        c.beginPath();
        c.moveTo(x - 5 * scale, 0);
        c.lineTo(x + 5 * scale, 0);
        c.lineTo(x, 7 * scale);
        c.fill();
      }
    });
    const ends = this.scale === "lsn" ? [over.first_lsn, (over.first_lsn + over.last_lsn) / 2, over.last_lsn] : [0, 0, 0];
    if (this.scale === "lsn") {
      $("#axis-from").textContent = "LSN " + count(ends[0]);
      $("#axis-mid").textContent = "LSN " + count(this.app.places.lsnAt(this.last / 2));
      $("#axis-to").textContent = "LSN " + count(ends[2]);
    } else {
      const { from, step, buckets } = over.by_time;
      $("#axis-from").textContent = when(from);
      $("#axis-mid").textContent = clock(from + (step * buckets.length) / 2);
      $("#axis-to").textContent = when(from + step * buckets.length);
    }
    this.place();
  }

  place() {
    const parts = {};
    for (const [name, handle] of Object.entries(this.handles)) {
      const { ord, lsn, time } = this.where(name);
      parts[name] = 100 * this.part(ord, time);
      handle.style.left = parts[name] + "%";
      handle.setAttribute("aria-valuenow", lsn || 0);
      const t = time || this.app.places.timeAt(ord);
      handle.setAttribute("aria-valuetext", "LSN " + count(lsn || 0) + (t ? ", about " + when(t) : ""));
    }
    const between = $("#between");
    between.style.left = Math.min(parts.a, parts.b) + "%";
    between.style.width = Math.abs(parts.a - parts.b) + "%";
    const { row, over } = this.app;
    if (!over.records) {
      $("#where").textContent = "The log holds no commit.";
      return;
    }
    $("#where").textContent = row ? "LSN " + count(row.lsn || 0) + (row.time ? " · " + when(row.time) + " UTC" : "") : "";
  }
}
