// The state of keys, from records: what a file does to answer for a key's history
// or for a difference. kvctl ui asks its server instead.

import { identity, same } from "./format.js";

/** covers tells whether an operation concerns a key. */
export function covers(op, bucket, key) {
  if ((op.bucket || "") !== bucket) return false;
  if (op.op !== "delete-range") return same(op.key, key);
  const from = op.key === undefined || order(op.key, key) <= 0;
  return from && (op.to === undefined || order(key, op.to) < 0);
}

const hexed = (b) => typeof b === "string" ? Array.from(new TextEncoder().encode(b), (x) => x.toString(16).padStart(2, "0")).join("")
  : b.x !== undefined ? b.x : Array.from(new TextEncoder().encode(b.s), (x) => x.toString(16).padStart(2, "0")).join("");

/** order compares keys by their bytes. */
export function order(a, b) {
  const x = hexed(a ?? ""), y = hexed(b ?? "");
  return x < y ? -1 : x > y ? 1 : 0;
}

/** Replay applies rows in order and remembers each key's last write. */
export class Replay {
  constructor() {
    this.keys = new Map();
  }

  /** apply takes a row; touched, when it is given, collects identities. */
  apply(row, touched) {
    for (const op of row.ops) {
      const bucket = op.bucket || "";
      if (op.op === "delete-range") {
        for (const [id, e] of this.keys) {
          if (e.value !== undefined && covers(op, e.bucket, e.key)) {
            this.keys.set(id, { bucket: e.bucket, key: e.key, lsn: row.lsn });
            touched?.add(id);
          }
        }
        continue;
      }
      const id = identity(bucket, op.key);
      const e = { bucket, key: op.key, lsn: row.lsn };
      if (op.op === "set") {
        e.value = op.value;
        e.expires = op.expires;
      }
      this.keys.set(id, e);
      touched?.add(id);
    }
  }
}
