// Celery's queue: a worker and clients of celery-node, whose broker is a list
// (LPUSH, BRPOP) and whose results are strings with a deadline.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient, createWorker } from "celery-node";

const url = process.env.REDIS_URL;

test("tasks go to workers, each once, and results come back", { timeout: 60_000 }, async () => {
  const ran = new Map();
  const worker = createWorker(url, url);
  worker.register("tasks.add", (a, b) => {
    ran.set(a, (ran.get(a) ?? 0) + 1);
    return a + b;
  });
  const second = createWorker(url, url);
  second.register("tasks.add", (a, b) => {
    ran.set(a, (ran.get(a) ?? 0) + 1);
    return a + b;
  });
  worker.start();
  second.start();

  const client = createClient(url, url);
  const task = client.createTask("tasks.add");
  const results = [];
  for (let i = 0; i < 200; i++) results.push(task.applyAsync([i, 1]));
  const got = await Promise.all(results.map((r) => r.get(20_000)));
  assert.deepEqual(got, results.map((_, i) => i + 1));
  assert.equal(ran.size, 200);
  for (const [i, n] of ran) assert.equal(n, 1, `task ${i} ran ${n} times`);
});

test("tasks wait for a worker that comes later", { timeout: 60_000 }, async () => {
  const client = createClient(url, url, "later");
  const r = client.createTask("tasks.mul").applyAsync([6, 7]);
  await client.isReady();
  const worker = createWorker(url, url, "later");
  worker.register("tasks.mul", (a, b) => a * b);
  worker.start();
  assert.equal(await r.get(20_000), 42);
});
