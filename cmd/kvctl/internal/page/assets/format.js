// How numbers, times, keys and values are written.

/** count writes a number with its thousands apart. */
export const count = (n) => Number(n).toLocaleString("en-US");

/** plural writes "1 record", "2 records". */
export const plural = (n, one, many = one + "s") => count(n) + " " + (n === 1 ? one : many);

/** size writes a number of bytes. */
export function size(n) {
  if (n < 1024) return n + " B";
  let unit = -1;
  do {
    n /= 1024;
    unit++;
  } while (n >= 1024 && unit < 5);
  return n.toFixed(n < 10 ? 2 : 1) + " " + "KMGTPE"[unit] + "iB";
}

/** when writes Unix milliseconds as a UTC time. */
export function when(ms) {
  if (!ms) return "";
  const d = new Date(ms);
  if (isNaN(d)) return ms + " ms";
  return d.toISOString().replace("T", " ").replace("Z", "");
}

/** clock is the part of a time that tells neighbours apart. */
export const clock = (ms) => (ms ? when(ms).slice(11) : "");

/** hex writes a number in hexadecimal. */
export const hex = (n, digits = 2) => n.toString(16).padStart(digits, "0");

// What cannot be seen, or would turn text around, is written as an escape.
const unseen = /[\u0000-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

const escapes = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

const visible = (s) => s.replace(unseen, (c) => escapes[c] || "\\u" + hex(c.charCodeAt(0), 4));

/**
 * bytes writes a key or a value. In the data it is a string when it is UTF-8 and
 * whole; {s, n} is the beginning of a text of n bytes, {x, n} the beginning of
 * other bytes in hexadecimal.
 */
export function bytes(b) {
  if (b === null || b === undefined) return "";
  if (typeof b === "string") return visible(b);
  if (b.s !== undefined) return visible(b.s) + "… (" + size(b.n) + ")";
  return "0x" + b.x + (b.x.length < 2 * b.n ? "… (" + size(b.n) + ")" : "");
}

/** identity is equal for equal keys. */
export const identity = (bucket, key) => (bucket || "") + "\u0000" + JSON.stringify(key ?? "");

/** same reports whether two values are equal; long ones carry a checksum. */
export const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** bucketed writes a key with its bucket in front. */
export const bucketed = (bucket, key) => (bucket ? bucket + " / " : "") + bytes(key);

/** what writes one operation, without its type. */
export function what(op) {
  if (op.op !== "delete-range") return bucketed(op.bucket, op.key);
  const from = op.key === undefined ? "the first key" : bytes(op.key);
  const to = op.to === undefined ? "the last key" : "before " + bytes(op.to);
  return (op.bucket ? op.bucket + " / " : "") + from + " to " + to;
}

/** kindOf is what a row is coloured by. */
export function kindOf(row) {
  if (row.kind !== "record") return row.kind;
  return row.ops.length ? row.ops[0].op : "record";
}

// The names of the kinds of rows, and their signs: colour alone says nothing to
// somebody who does not see it.
export const kindNames = {
  set: "set", delete: "delete", "delete-range": "delete range", record: "commit",
  header: "header", mark: "mark", seal: "seal", damage: "damage", torn: "torn tail", newer: "newer program",
  ignored: "ignored", frame: "frame header", zeros: "unused zeros",
};
