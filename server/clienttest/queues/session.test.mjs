// Sessions of express-session in connect-redis over node-redis.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { RedisStore } from "connect-redis";
import session from "express-session";
import { createClient } from "redis";

const client = createClient({ url: process.env.REDIS_URL });
const store = new RedisStore({ client, prefix: "sess:" });

before(() => client.connect());
after(() => client.close());

const save = (sid, s) => store.set(sid, s);
const cookie = (ms) => ({ cookie: { originalMaxAge: ms, expires: new Date(Date.now() + ms) } });

test("a browser keeps its session over two requests", async () => {
  const sessions = session({ store, secret: "s", resave: false, saveUninitialized: false });
  const server = createServer((req, res) =>
    sessions(req, res, () => {
      req.session.views = (req.session.views ?? 0) + 1;
      res.end(String(req.session.views));
    }),
  );
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${server.address().port}/`;
  const first = await fetch(url);
  assert.equal(await first.text(), "1");
  const headers = { cookie: first.headers.get("set-cookie").split(";")[0] };
  assert.equal(await (await fetch(url, { headers })).text(), "2");
  assert.equal(await (await fetch(url, { headers })).text(), "3");
  assert.equal(await (await fetch(url)).text(), "1");
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

test("every call of the store", async () => {
  await store.clear();
  for (let i = 0; i < 300; i++) await save(`s${i}`, { ...cookie(60_000), i });
  assert.equal((await store.get("s7")).i, 7);
  assert.ok(!(await store.get("none")));
  assert.equal(await store.length(), 300);
  assert.equal((await store.ids()).length, 300);
  assert.equal((await store.all()).length, 300);
  await store.touch("s7", cookie(3_600_000));
  const ttl = await client.ttl("sess:s7");
  assert.ok(ttl > 3500 && ttl <= 3600, String(ttl));
  await store.destroy("s7");
  assert.ok(!(await store.get("s7")));
  await save("gone", cookie(-1000));
  assert.ok(!(await store.get("gone")));
  await store.clear();
  assert.equal(await store.length(), 0);
});
