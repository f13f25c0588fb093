// The page begins here.

import { App } from "./app.js";
import { DiffPane } from "./diff.js";
import { $ } from "./dom.js";
import { Filters } from "./filters.js";
import { findings, head, made, sampled } from "./findings.js";
import { HexPane } from "./hex.js";
import { HistoryPane } from "./history.js";
import { keys } from "./keys.js";
import { Lens } from "./lens.js";
import { RecordList } from "./list.js";
import { SegmentMap, snapshots } from "./map.js";
import { RecordPane } from "./record.js";
import { Scrubber } from "./scrub.js";
import { open } from "./source.js";
import { Tabs } from "./tabs.js";
import { theme } from "./theme.js";
import { All } from "./view.js";

async function main() {
  const source = open();
  await source.open();
  const app = new App(source);
  const { over } = source;
  app.a = over.first_lsn > 1 ? over.first_lsn - 1 : 0;
  app.b = over.last_lsn;
  head(app);
  findings(app);
  sampled(app);
  made(app);
  snapshots(app);
  theme(app);
  keys(app);
  new SegmentMap(app);
  new Lens(app);
  new Tabs(app);
  new RecordPane(app);
  new HexPane(app);
  new HistoryPane(app);
  new DiffPane(app);
  new Scrubber(app);
  const list = new RecordList(app);
  const all = new All(source, (e) => list.changed(e));
  new Filters(app, list, all);
  list.show(all);
  window.kvctl = app; // for whoever wants to ask more, on the console
  // What is looked at first: the worst finding that has a place, else the end.
  const worst = over.findings.find((f) => f.segment && f.offset >= 0);
  if (!over.rows) $("#record-title").textContent = "There is no record";
  if (worst) await app.go(app.places.byOffset(worst.segment, worst.offset), "start");
  else if (over.records) await app.go(app.places.byLSN(over.last_lsn), "start");
  else if (over.rows) await app.go(app.places.row(over.rows - 1), "start");
  document.documentElement.dataset.ready = "true";
}

main().catch((e) => {
  $("#status").textContent = "";
  $("#verdict").textContent = "This page could not be drawn: " + e.message;
  document.documentElement.dataset.ready = "failed";
  throw e;
});
