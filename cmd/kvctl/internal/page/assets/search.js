// Walking all rows that can be had for those that fit a filter, or that matter to
// a key or to a difference. A walk is done in steps, so that the page stays at
// hand and the first results show at once.

import { bytes } from "./format.js";

/** matcher makes a function of a filter: does this row fit? */
export function matcher(filter) {
  const { text, bucket, type, from, to } = filter;
  const exact = /^"(.*)"$/.exec(text || "");
  const key = (k) => {
    if (!text) return true;
    const t = bytes(k);
    return exact ? t === exact[1] : t.includes(text);
  };
  const fits = (op) => {
    if (bucket !== null && bucket !== undefined && (op.bucket || "") !== bucket) return false;
    if (type && op.op !== type) return false;
    return key(op.key ?? "") || (op.op === "delete-range" && key(op.to ?? ""));
  };
  return (row) => {
    if (from && row.lsn < from) return false;
    if (to && row.lsn > to) return false;
    if (row.kind !== "record") {
      // What no key and no bucket belongs to is not asked for by one.
      return !text && (bucket === null || bucket === undefined) && (!type || type === row.kind);
    }
    if (type && !["set", "delete", "delete-range"].includes(type)) return false;
    return row.ops.length ? row.ops.some(fits) : !text && !type;
  };
}

/** empty tells a filter that lets everything through. */
export const empty = (f) => !f.text && f.bucket === null && !f.type && !f.from && !f.to;

/** Search is one walk. In a file it goes over the chunks that are in it; of a server it asks page after page. */
export class Search {
  constructor(source, filter) {
    this.source = source;
    this.filter = filter;
    this.next = 0; // a chunk's number, or what the server said
    this.walked = 0; // rows
    this.done = false;
    this.abort = new AbortController();
  }

  stop() {
    this.done = true;
    this.abort.abort();
  }

  /** step returns some more rows that fit, perhaps none. */
  async step() {
    return this.source.live ? this.ask() : this.walk();
  }

  async ask() {
    const f = this.filter;
    const params = { from: f.from || 0, to: f.to || 0, type: f.type || "", text: f.text || "", next: this.next };
    if (f.bucket !== null && f.bucket !== undefined) params.bucket = f.bucket;
    const answer = await this.source.ask("search", params, this.abort.signal);
    this.next = answer.next;
    this.walked = answer.walked;
    this.done ||= answer.done;
    for (const row of answer.rows) {
      row.ops ||= [];
      row.ord ||= 0;
    }
    return answer.rows;
  }

  async walk() {
    const { over, chunks } = this.source;
    const fits = matcher(this.filter);
    const found = [];
    const until = performance.now() + 30;
    while (this.next < over.embedded.length && performance.now() < until) {
      const i = over.embedded[this.next++];
      const first = over.chunk_lsns[i];
      const last = over.chunk_lsns[i + 1] ?? Infinity;
      const rows = this.filter.to && first > this.filter.to || this.filter.from && last < this.filter.from
        ? [] : await chunks.get(i);
      for (const row of rows) if (fits(row)) found.push(row);
      this.walked += rows.length;
    }
    this.done ||= this.next >= over.embedded.length;
    return found;
  }
}
