// What all parts of the page share: the source, the selected row, the two points
// that are compared, and who wants to know when they change.

import { say, warn } from "./dom.js";
import { count, kindNames, kindOf, what } from "./format.js";
import { Places } from "./place.js";

export class App extends EventTarget {
  constructor(source) {
    super();
    this.source = source;
    this.over = source.over;
    this.places = new Places(source);
    this.row = null; // what is selected: a row or a gap
    this.a = 0; // LSNs of the two points; 0 = not set
    this.b = 0;
  }

  tell(what, detail) {
    this.dispatchEvent(new CustomEvent(what, { detail }));
  }

  on(what, f) {
    this.addEventListener(what, (e) => f(e.detail));
  }

  /** select makes a row the one that everything is about. */
  select(row, from) {
    if (!row) return;
    this.row = row;
    warn(null);
    this.tell("select", { row, from });
    say(this.describe(row));
  }

  /** go selects what a promise of a row comes to; the last call wins. */
  async go(promise, from) {
    const turn = (this.turn = (this.turn || 0) + 1);
    try {
      const row = await promise;
      if (turn === this.turn) this.select(row, from);
    } catch (e) {
      say("Cannot show that place: " + e.message);
      warn("That place cannot be shown: " + e.message + ".");
    }
  }

  /** mark sets one of the two points. */
  mark(name, lsn) {
    this[name] = lsn;
    this.tell("points", { name });
    say("Point " + name.toUpperCase() + " is LSN " + count(lsn) + ".");
  }

  describe(row) {
    if (row.kind === "gap") {
      return "LSN " + count(row.lsn) + ": this file does not hold these records; kvctl ui shows them.";
    }
    const kind = kindNames[kindOf(row)] || row.kind;
    if (row.kind !== "record") return kind + " in segment " + row.segment + " at offset " + count(row.at) + ".";
    const ops = row.ops.length ? kind + " " + what(row.ops[0]) : "empty commit";
    return "LSN " + count(row.lsn) + ": " + ops + (row.ops.length > 1 ? ", and " + count(row.ops.length - 1) + " more" : "") + ".";
  }
}
