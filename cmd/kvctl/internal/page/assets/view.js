// What the record list shows: all rows, or those that a filter found. A view has
// a length and gives the item at an index: a row, a gap (rows that this file does
// not hold) or undefined while it is being fetched.

import { lastAtMost } from "./dom.js";

/** All is every row of the log, with a gap for each run of chunks that is not at hand. */
export class All {
  constructor(source, changed) {
    this.source = source;
    this.changed = changed;
    const { over } = source;
    const per = over.chunk_rows;
    const chunks = Math.ceil(over.rows / per);
    this.runs = []; // { at: index, ord, rows } or { at, gap }
    let at = 0;
    const run = (from, to) => { // chunks
      if (from >= to) return;
      const ord = from * per;
      const rows = Math.min(to * per, over.rows) - ord;
      this.runs.push({ at, ord, rows });
      at += rows;
    };
    const gap = (from, to) => {
      if (from >= to) return;
      const ord = from * per;
      const rows = Math.min(to * per, over.rows) - ord;
      const first = over.chunk_lsns[from];
      const next = over.chunk_lsns[to] ?? over.last_lsn + 1;
      this.runs.push({ at, ord, rows, gap: { kind: "gap", ord, rows, lsn: first, last: next - 1 } });
      at++;
    };
    if (source.live) {
      run(0, chunks);
    } else {
      let done = 0;
      for (let i = 0; i < over.embedded.length; ) {
        let j = i + 1;
        while (j < over.embedded.length && over.embedded[j] === over.embedded[j - 1] + 1) j++;
        gap(done, over.embedded[i]);
        run(over.embedded[i], over.embedded[j - 1] + 1);
        done = over.embedded[j - 1] + 1;
        i = j;
      }
      gap(done, chunks);
    }
    this.length = at;
  }

  get(index) {
    const run = this.runs[lastAtMost(this.runs, index, (r) => r.at)];
    if (!run) return undefined;
    if (run.gap) return run.gap;
    const ord = run.ord + index - run.at;
    const per = this.source.over.chunk_rows;
    const chunk = Math.floor(ord / per);
    const rows = this.source.chunks.now(chunk);
    if (rows) return rows[ord - chunk * per];
    this.source.chunks.get(chunk).then(() => this.changed(), (e) => this.changed(e));
    return undefined;
  }

  /** indexOf is where a row, by its place in the log, is in this view. */
  indexOf(ord) {
    const run = this.runs[lastAtMost(this.runs, ord, (r) => r.ord)];
    if (!run) return 0;
    return run.gap ? run.at : run.at + Math.min(ord - run.ord, run.rows - 1);
  }
}

/** Found is the rows that a search has found so far. */
export class Found {
  constructor(rows) {
    this.rows = rows;
  }

  get length() {
    return this.rows.length;
  }

  get(index) {
    return this.rows[index];
  }

  indexOf(ord) {
    return Math.max(0, lastAtMost(this.rows, ord, (r) => r.ord));
  }
}
