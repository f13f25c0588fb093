// From a position to a row: by LSN, by time, by segment and offset, by the row's
// place in the log. Every one of them works on the overview first and then on the
// one chunk that matters.

import { clamp, lastAtMost } from "./dom.js";

export class Places {
  constructor(source) {
    this.source = source;
    this.over = source.over;
  }

  /** row is the row at a place, or a gap when this file does not hold it. */
  async row(ord) {
    const { rows: total, chunk_rows: per } = this.over;
    ord = clamp(Math.round(ord), 0, total - 1);
    const chunk = Math.floor(ord / per);
    if (!this.source.has(chunk)) return { kind: "gap", ord, lsn: this.lsnAt(ord) };
    return (await this.source.chunks.get(chunk))[ord - chunk * per];
  }

  /** chunkOf is the last chunk that begins at or before an LSN. */
  chunkOf(lsn) {
    return Math.max(0, lastAtMost(this.over.chunk_lsns, lsn));
  }

  /** byLSN is the first row with an LSN, or the last before it. */
  async byLSN(lsn) {
    let chunk = Math.max(0, lastAtMost(this.over.chunk_lsns, lsn - 1));
    const per = this.over.chunk_rows;
    for (; ; chunk++) {
      if (!this.source.has(chunk)) return { kind: "gap", ord: this.ordOf(lsn), lsn };
      const rows = await this.source.chunks.get(chunk);
      const found = rows.find((r) => r.kind === "record" && r.lsn >= lsn);
      if (found) return found;
      if ((chunk + 1) * per >= this.over.rows) {
        return rows.findLast((r) => r.kind === "record") || rows[rows.length - 1];
      }
    }
  }

  /** byOffset is the row that holds a byte of a segment. */
  async byOffset(segment, offset) {
    const { chunk_segments: segs, chunk_offsets: offs } = this.over;
    let low = 0, high = segs.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (segs[mid] < segment || (segs[mid] === segment && offs[mid] <= offset)) low = mid + 1;
      else high = mid;
    }
    const chunk = Math.max(0, low - 1);
    if (!this.source.has(chunk)) return { kind: "gap", ord: chunk * this.over.chunk_rows, lsn: this.over.chunk_lsns[chunk] };
    const rows = await this.source.chunks.get(chunk);
    const at = rows.findLast((r) => r.segment === segment && r.at <= offset);
    return at || rows.find((r) => r.segment === segment) || rows[0];
  }

  /** ordOf is about where an LSN is in the log. */
  ordOf(lsn) {
    const { chunk_rows: per, rows, last_lsn, by_lsn } = this.over;
    const i = this.chunkOf(lsn);
    const here = this.source.chunks.now(i);
    if (here) {
      const at = here.find((r) => r.kind === "record" && r.lsn === lsn) || here.findLast((r) => r.lsn <= lsn);
      return at ? at.ord : i * per;
    }
    const { step, buckets } = by_lsn;
    const b = Math.max(0, lastAtMost(buckets, lsn, (b) => b[0]));
    if (!buckets.length) return 0;
    const width = Math.max(1, (buckets[b + 1] ? buckets[b + 1][0] : last_lsn + 1) - buckets[b][0]);
    return clamp((b + clamp((lsn - buckets[b][0]) / width, 0, 1)) * step, 0, rows - 1);
  }

  /** lsnAt is about which LSN is at a place in the log. */
  lsnAt(ord) {
    const { chunk_lsns: lsns, chunk_rows: per, first_lsn, last_lsn, by_lsn } = this.over;
    const i = clamp(Math.floor(ord / per), 0, lsns.length - 1);
    const here = this.source.chunks.now(i);
    if (here) return (here[Math.round(ord) - i * per] || here[here.length - 1]).lsn;
    const { step, buckets } = by_lsn;
    if (!buckets.length) return last_lsn;
    const b = clamp(Math.floor(ord / step), 0, buckets.length - 1);
    const next = buckets[b + 1] ? buckets[b + 1][0] : last_lsn + 1;
    return clamp(Math.round(buckets[b][0] + ((ord - b * step) / step) * (next - buckets[b][0])), first_lsn, last_lsn);
  }

  /** ordAtTime is about where the log was at a time. */
  ordAtTime(ms) {
    const { from, step, buckets } = this.over.by_time;
    if (!buckets.length) return 0;
    const x = clamp((ms - from) / step, 0, buckets.length);
    const i = Math.min(Math.floor(x), buckets.length - 1);
    const first = buckets[i][0];
    const next = buckets[i + 1] ? buckets[i + 1][0] : this.over.rows - 1;
    return first + (x - i) * (next - first);
  }

  /** timeAt is about which time it was at a place in the log. */
  timeAt(ord) {
    const { from, step, buckets } = this.over.by_time;
    if (!buckets.length) return 0;
    const i = Math.max(0, lastAtMost(buckets, ord, (b) => b[0]));
    const next = buckets[i + 1] ? buckets[i + 1][0] : this.over.rows;
    const part = next > buckets[i][0] ? (ord - buckets[i][0]) / (next - buckets[i][0]) : 0;
    return from + (i + clamp(part, 0, 1)) * step;
  }
}
