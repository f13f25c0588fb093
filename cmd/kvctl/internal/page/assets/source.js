// Where detail comes from: parts of this file, or the program that serves it.
//
// Both give the same documents. The overview describes the whole log; the rows of
// the log come in chunks of overview.chunk_rows, numbered from 0, of which a file
// holds some and a server all; a frame comes with its bytes and named fields.

import { Search } from "./search.js";

/** open returns the source of this page. */
export function open() {
  return document.documentElement.dataset.mode === "live" ? new Live() : new File();
}

/** Chunks keeps the chunks that were used last. */
class Chunks {
  constructor(load, keep) {
    this.load = load;
    this.keep = keep;
    this.held = new Map(); // chunk number -> rows, or a promise of them
  }

  /** now is a chunk's rows when they are at hand. */
  now(i) {
    const rows = this.held.get(i);
    if (!Array.isArray(rows)) return undefined;
    this.held.delete(i); // to the end: used last
    this.held.set(i, rows);
    return rows;
  }

  async get(i) {
    const held = this.held.get(i);
    if (held) return held;
    const promise = this.load(i);
    this.held.set(i, promise);
    try {
      const rows = await promise;
      this.held.set(i, rows);
      for (const old of this.held.keys()) {
        if (this.held.size <= this.keep) break;
        if (old !== i) this.held.delete(old);
      }
      return rows;
    } catch (e) {
      this.held.delete(i);
      throw e;
    }
  }
}

/** number gives rows their place in the log. */
function number(rows, first) {
  rows.forEach((row, i) => {
    row.ord = first + i;
    row.ops ||= [];
  });
  return rows;
}

/** File reads the parts that stand in this file, each gzipped, in base64. */
class File {
  live = false;

  async open() {
    this.over = await this.part("overview");
    const { chunk_rows: per } = this.over;
    this.chunks = new Chunks(async (i) => number(await this.part("rows-" + i), i * per), 1 << 10);
    return this.over;
  }

  async part(name) {
    const e = document.getElementById("part-" + name);
    if (!e) throw new Error("this file does not hold " + name);
    const packed = Uint8Array.from(atob(e.textContent.trim()), (c) => c.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  }

  /** has tells whether a chunk can be had. */
  has(i) {
    this.have ||= new Set(this.over.embedded);
    return this.have.has(i);
  }

  async frame(row) {
    const i = Math.floor(row.ord / this.over.chunk_rows);
    const frames = await this.part("frames-" + i);
    const f = frames.find((f) => f.segment === row.segment && f.at === row.frame);
    if (!f) throw new Error("this file does not hold the bytes of that frame");
    return f;
  }

  search(filter) {
    return new Search(this, filter);
  }
}

/** Live asks the program that serves this page. Every request carries on from the page's own address, which holds the token. */
class Live {
  live = true;

  async open() {
    this.over = await this.ask("overview", {});
    const { chunk_rows: per } = this.over;
    this.chunks = new Chunks(async (i) => number((await this.ask("rows", { chunk: i })).rows, i * per), 256);
    return this.over;
  }

  async ask(what, params, signal) {
    if (this.over) params.generation = this.over.generation;
    const answer = await fetch("data/" + what + "?" + new URLSearchParams(params), { signal });
    const body = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(body.error || "kvctl ui answered " + answer.status);
    return body;
  }

  has() {
    return true;
  }

  async frame(row) {
    return this.ask("frame", { segment: row.segment, at: row.frame, record: row.at });
  }

  search(filter) {
    return new Search(this, filter);
  }
}
