// What programs do with ioredis, against the server at REDIS_URL.
import test from "node:test";
import assert from "node:assert/strict";
import Redis from "ioredis";

const url = process.env.REDIS_URL;
const connect = () => new Redis(url, { maxRetriesPerRequest: 1 });

test("strings, numbers, expiry", async () => {
  const r = connect();
  await r.flushall();
  assert.equal(await r.set("a", "1"), "OK");
  assert.equal(await r.get("a"), "1");
  assert.equal(await r.incrby("a", 41), 42);
  assert.equal(await r.set("b", "x", "EX", 100, "NX"), "OK");
  assert.equal(await r.set("b", "y", "NX"), null);
  assert.ok((await r.ttl("b")) > 90);
  assert.deepEqual(await r.mget("a", "b", "c"), ["42", "x", null]);
  const bytes = Buffer.from([0, 255, 13, 10, 128]);
  await r.set("bin", bytes);
  assert.deepEqual(await r.getBuffer("bin"), bytes);
  await r.quit();
});

test("a pipeline keeps its order, errors in their places", async () => {
  const r = connect();
  await r.set("s", "text");
  const replies = await r.pipeline().set("p", 1).incr("s").incr("p").get("p").exec();
  assert.equal(replies[0][1], "OK");
  assert.match(replies[1][0].message, /not an integer/);
  assert.equal(replies[2][1], 2);
  assert.equal(replies[3][1], "2");
  await r.quit();
});

test("a transaction, and one that loses against WATCH", async () => {
  const r = connect(), other = connect();
  await r.set("w", 1);
  assert.deepEqual(await r.multi().incr("w").get("w").exec(), [[null, 2], [null, "2"]]);
  await r.watch("w");
  await other.set("w", 10);
  assert.equal(await r.multi().incr("w").exec(), null);
  assert.equal(await r.get("w"), "10");
  await r.quit();
  await other.quit();
});

test("publish, subscribe, patterns", async () => {
  const sub = connect(), pub = connect();
  const heard = [];
  const all = new Promise((resolve) => {
    sub.on("message", (ch, m) => heard.push([ch, m]));
    sub.on("pmessage", (p, ch, m) => {
      heard.push([p, ch, m]);
      resolve();
    });
  });
  assert.equal(await sub.subscribe("news"), 1);
  assert.equal(await sub.psubscribe("n*"), 2);
  assert.equal(await pub.publish("news", "hello"), 2);
  await all;
  assert.deepEqual(heard, [["news", "hello"], ["n*", "news", "hello"]]);
  await assert.rejects(sub.get("a"), /subscriber mode/);
  await sub.unsubscribe("news");
  await sub.punsubscribe("n*");
  assert.equal(await sub.get("no such key"), null);
  await sub.quit();
  await pub.quit();
});

test("keyspace notifications", async () => {
  const sub = connect(), r = connect();
  await r.config("SET", "notify-keyspace-events", "Ex$");
  const event = new Promise((resolve) => sub.on("message", (ch, m) => resolve([ch, m])));
  await sub.subscribe("__keyevent@0__:expired");
  await r.set("short", "1", "PX", 20);
  assert.deepEqual(await event, ["__keyevent@0__:expired", "short"]);
  await r.config("SET", "notify-keyspace-events", "");
  await sub.quit();
  await r.quit();
});

test("a scan sees every key that stays", async () => {
  const r = connect();
  await r.flushall();
  const p = r.pipeline();
  for (let i = 0; i < 1000; i++) p.set(`k:${i}`, i);
  await p.exec();
  const seen = new Set();
  for await (const batch of r.scanStream({ match: "k:*", count: 50 })) for (const k of batch) seen.add(k);
  assert.equal(seen.size, 1000);
  await r.quit();
});

test("hashes, lists and sets", async () => {
  const r = connect();
  await r.hset("h", { name: "x", n: 1 });
  assert.deepEqual(await r.hgetall("h"), { name: "x", n: "1" });
  await r.rpush("l", "a", "b", "c");
  assert.deepEqual(await r.lrange("l", 0, -1), ["a", "b", "c"]);
  await r.sadd("set", "a", "b");
  assert.deepEqual((await r.smembers("set")).sort(), ["a", "b"]);
  await r.quit();
});

test("info, client names, another database", async () => {
  const r = new Redis(url, { db: 3, connectionName: "ioredis-test", maxRetriesPerRequest: 1 });
  assert.match(await r.info("server"), /redis_version:7/);
  assert.equal(await r.client("GETNAME"), "ioredis-test");
  await r.set("three", 3);
  const zero = connect();
  assert.equal(await zero.get("three"), null);
  await zero.quit();
  await r.quit();
});
