// The list of records. Only the rows in sight are in the document, whatever the
// log's length: some thirty rows are filled anew as it scrolls. Browsers cannot
// lay out boxes of more than some 16 million pixels, so beyond TALL the scroll bar
// is a scale and the wheel and the keys move by rows.

import { $, clamp, fill, h, warn } from "./dom.js";
import { bytes, clock, count, kindNames, kindOf, plural, size, what, when } from "./format.js";

const ROW = 28; // pixels, as in page.css
const TALL = 6_000_000;

export class RecordList {
  constructor(app) {
    this.app = app;
    this.grid = $("#grid");
    this.scroller = $("#rows");
    this.spacer = $("#spacer");
    this.layer = $("#layer");
    this.pool = [];
    this.top = 0; // index of the first row in sight, with a fraction
    this.active = 0; // index of the row that the keys move
    this.scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.scroller.addEventListener("wheel", (e) => this.wheel(e), { passive: false });
    this.grid.addEventListener("keydown", (e) => this.key(e));
    this.layer.addEventListener("click", (e) => this.click(e));
    new ResizeObserver(() => this.inSight ? this.reveal() : this.draw()).observe(this.scroller);
    app.on("select", ({ row, from }) => from !== "list" && this.follow(row));
    app.on("points", () => this.draw());
  }

  show(view) {
    this.view = view;
    this.tall = view.length * ROW > TALL;
    this.spacer.style.height = Math.min(view.length * ROW, TALL) + "px";
    this.grid.setAttribute("aria-rowcount", view.length + 1);
    this.active = clamp(this.active, 0, Math.max(0, view.length - 1));
    if (this.app.row) this.active = view.indexOf(this.app.row.ord);
    this.reveal();
    this.draw();
  }

  get visible() {
    return Math.max(1, this.scroller.clientHeight / ROW);
  }

  get most() {
    return Math.max(0, (this.view ? this.view.length : 0) - this.visible);
  }

  scrolled() {
    if (this.own === this.scroller.scrollTop) return; // our own doing
    const end = this.scroller.scrollHeight - this.scroller.clientHeight;
    this.top = this.tall ? (this.scroller.scrollTop / Math.max(1, end)) * this.most : this.scroller.scrollTop / ROW;
    this.draw();
  }

  wheel(e) {
    if (!this.tall || e.ctrlKey) return; // the browser's own scrolling is right
    e.preventDefault();
    this.moveTo(this.top + (e.deltaMode === 1 ? e.deltaY : e.deltaY / ROW));
  }

  moveTo(top) {
    this.top = clamp(top, 0, this.most);
    const end = this.scroller.scrollHeight - this.scroller.clientHeight;
    this.scroller.scrollTop = this.tall ? (this.top / Math.max(1, this.most)) * end : this.top * ROW;
    this.own = this.scroller.scrollTop;
    this.draw();
  }

  /** reveal brings the active row into sight. */
  reveal() {
    if (this.active < this.top) this.moveTo(this.active);
    else if (this.active > this.top + this.visible - 1) this.moveTo(this.active - this.visible + 1);
    else this.draw();
  }

  follow(row) {
    if (!this.view || !this.view.length) return;
    this.active = this.view.indexOf(row.ord);
    if (this.active < this.top || this.active > this.top + this.visible - 1) {
      this.moveTo(this.active - Math.floor(this.visible / 3));
    }
    this.draw();
  }

  key(e) {
    const page = Math.max(1, Math.floor(this.visible) - 1);
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[e.key];
    if (step !== undefined && !e.altKey && !e.metaKey) {
      e.preventDefault();
      this.activate(clamp(this.active + step, 0, this.view.length - 1));
    } else if (e.key === "Enter" || e.key === " ") {
      e.preventDefault();
      this.activate(this.active);
      this.app.tell("open");
    }
  }

  click(e) {
    const line = e.target.closest("[data-index]");
    if (line) this.activate(Number(line.dataset.index));
  }

  async activate(index) {
    if (!this.view.length) return;
    this.active = index;
    this.reveal();
    const item = this.view.get(index);
    if (item) this.app.select(item, "list");
    else this.wanted = index; // selected when it has come
  }

  /** changed is called when rows have come. */
  changed(e) {
    if (e) warn("Records cannot be fetched: " + e.message + ".");
    const item = this.wanted === this.active && this.view.get(this.active);
    if (item) {
      this.wanted = undefined;
      this.app.select(item, "list");
    }
    this.draw();
  }

  draw() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.drawNow();
    });
  }

  drawNow() {
    if (!this.view) return;
    const first = Math.floor(this.top);
    const want = Math.min(Math.ceil(this.visible) + 1, this.view.length - first);
    while (this.pool.length < want) {
      const line = h("div", { role: "row" });
      this.pool.push(line);
      this.layer.append(line);
    }
    this.pool.forEach((line, i) => {
      line.hidden = i >= want;
      if (!line.hidden) this.line(line, first + i);
    });
    this.layer.style.transform = "translateY(" + Math.round((first - this.top) * ROW) + "px)";
    this.inSight = this.active >= first && this.active < this.top + this.visible;
    this.grid.setAttribute("aria-activedescendant", "row-" + this.active);
    $("#none").hidden = this.view.length > 0;
    $("#none").textContent = this.app.over.rows ? "No record fits the filter." : "The log holds no record.";
  }

  line(line, index) {
    const row = this.view.get(index);
    const chosen = index === this.active;
    line.id = "row-" + index;
    line.dataset.index = index;
    line.setAttribute("aria-rowindex", index + 2);
    line.setAttribute("aria-selected", chosen);
    const kind = row ? (row.kind === "gap" ? "gap" : kindOf(row)) : "wait";
    line.className = "row k-" + kind + (chosen ? " chosen" : "");
    const key = row ? row.ord + "/" + kind + "/" + (row.lsn === this.app.a) + (row.lsn === this.app.b) : "";
    if (line.dataset.shows === key && key) return; // nothing but its place changed
    line.dataset.shows = key;
    fill(line, cells(row, kind, this.app));
  }
}

const cell = (name, ...text) => h("span", { role: "gridcell", class: name }, ...text);

function cells(row, kind, app) {
  if (!row) return cell("c-wide", "…");
  if (kind === "gap") {
    return cell("c-wide", "LSN " + count(row.lsn) + " to " + count(row.last) + ": " + plural(row.rows, "row") +
      " not in this file; kvctl ui shows them");
  }
  const points = [];
  if (row.kind === "record" && row.lsn === app.a) points.push(h("b", { class: "point a" }, "A"));
  if (row.kind === "record" && row.lsn === app.b) points.push(h("b", { class: "point b" }, "B"));
  const tag = h("span", { class: "tag" }, kindNames[kind] || kind);
  if (row.kind !== "record") {
    return [cell("c-lsn", row.kind === "record" || row.kind === "damage" || row.kind === "torn" ? h("span", {}, count(row.lsn)) : ""), cell("c-time", row.time ? h("span", { title: when(row.time) }, clock(row.time)) : ""), cell("c-type", tag),
      cell("c-rest", row.why || place(row)), cell("c-place", place(row))];
  }
  const [op, ...more] = row.ops;
  return [
    cell("c-lsn", points, h("span", {}, count(row.lsn))),
    cell("c-time", h("span", { title: when(row.time) }, clock(row.time))),
    cell("c-type", tag, row.op_count > 1 ? h("span", { class: "more" }, "+" + count(row.op_count - 1)) : null),
    cell("c-key", op ? what(op) : ""),
    cell("c-value", op && op.op === "set" ? bytes(op.value) : more.length ? "" : ""),
    cell("c-place", place(row)),
  ];
}

const place = (row) => row.segment + " @ " + count(row.at) + (row.len ? " · " + size(row.len) : "");
