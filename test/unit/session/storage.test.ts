import {
  abortAllDurableObjects,
  evictDurableObject,
  listDurableObjectIds,
  reset,
  runDurableObjectAlarm,
  runInDurableObject
} from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { DEFAULTS } from "../../../src/config.ts";
import { createKeyring } from "../../../src/mcp/signed/keyring.ts";
import { mintSessionId, readSessionId, SESSION_TTL_MS } from "../../../src/mcp/signed/session-id.ts";
import { begin, createCaller, send, stubOf } from "./in-worker.ts";

afterEach(() => reset());

const call = (id: string, name = "list_calls", args: object = {}) => createCaller({}, id)(name, args);

/** All that an object of ours has stored: tables, keys and its alarm. The pool's own note of the object's name is not ours. */
const stored = (stub: DurableObjectStub) =>
  runInDurableObject(stub, async (_, { storage }) => ({
    tables: storage.sql
      .exec("SELECT name FROM sqlite_master WHERE type = 'table'")
      .toArray()
      .map(({ name }) => String(name))
      .filter((name) => !name.startsWith("_cf_") && !name.startsWith("__miniflare")),
    keys: [...storage.kv.list()].map(([key]) => key),
    alarmMs: await storage.getAlarm()
  }));

/** Lets a session's id expire, as its object knows it, and its alarm come. */
async function expire(id: string): Promise<void> {
  await runInDurableObject(stubOf(id), (_, { storage }) =>
    storage.kv.put("session", { ...storage.kv.get<object>("session"), expiresMs: 1 })
  );
  await evictDurableObject(stubOf(id));
  expect(await runDurableObjectAlarm(stubOf(id))).toBe(true);
}

const NOTHING = { tables: [], keys: [], alarmMs: null };

describe("a session that calls nothing", () => {
  it("stores nothing", async () => {
    const ids: string[] = [];
    for (let i = 0; i < 10; i++) {
      const id = await begin();
      await (await send("POST", id, { method: "notifications/initialized" })).text();
      expect((await send("POST", id, { id: 1, method: "tools/list" })).status).toBe(200);
      ids.push(id);
    }
    for (const id of ids) expect(await stored(stubOf(id))).toEqual(NOTHING);
  });
});

describe("a session that stores something else first", () => {
  it.each([
    ["a level", "logging/setLevel", { level: "debug" }, "log_level"],
    ["a subscription", "resources/subscribe", { uri: "calls://recent" }, "subscriptions"]
  ])("is gone when its id has expired: %s", async (_, method, params, key) => {
    const id = await begin();
    await (await send("POST", id, { id: 1, method, params })).text();
    const alarmMs = readSessionId(id).init.issuedMs + SESSION_TTL_MS;
    expect(await stored(stubOf(id))).toEqual({ tables: [], keys: [key, "session"].sort(), alarmMs });
    await expire(id);
    expect(await stored(stubOf(id))).toEqual(NOTHING);
  });

  it("stores nothing for a stream that is not there", async () => {
    const id = await begin();
    await (await send("GET", id, undefined, { "last-event-id": "0123456789ab-3" })).text();
    expect(await stored(stubOf(id))).toEqual(NOTHING);
  });
});

describe("an id that is not one of ours", () => {
  it("makes no object, by whatever method", async () => {
    const keyring = createKeyring("local-only-this-secret-is-public");
    const init = { issuedMs: Date.now(), revision: "2025-11-25", capabilities: {}, client: { name: "a", version: "1" } };
    const before = await listDurableObjectIds(env.SESSION);
    const genuine = mintSessionId(keyring, "local", init);
    for (let i = 0; i < 12; i++) {
      const wrong = [
        crypto.randomUUID(),
        genuine.replace(/.$/, (last) => (last === "A" ? "B" : "A")),
        mintSessionId(keyring, "key:somebody", init),
        mintSessionId(createKeyring("another secret"), "local", init)
      ][i % 4];
      for (const method of ["POST", "GET", "DELETE"]) {
        const response = await send(method, wrong, method === "POST" ? { id: 1, method: "tools/list" } : undefined);
        expect([response.status, await response.json()]).toMatchObject([404, { error: { code: -32001 } }]);
      }
    }
    expect(await listDurableObjectIds(env.SESSION)).toHaveLength(before.length);
  });
});

describe("a session that was ended", () => {
  it("leaves its mark and one alarm: soon, to tell home, and then at the expiry of its id", async () => {
    const id = await begin();
    expect((await send("DELETE", id)).status).toBe(204);
    const { alarmMs, ...left } = await stored(stubOf(id));
    expect(left).toEqual({ tables: [], keys: ["ended_ms", "session"] });
    expect((alarmMs ?? 0) - Date.now()).toBeLessThanOrEqual(DEFAULTS.shipping.delayMs);
    await runDurableObjectAlarm(stubOf(id));
    const { issuedMs } = readSessionId(id).init;
    expect(await stored(stubOf(id))).toEqual({ ...left, alarmMs: issuedMs + SESSION_TTL_MS });
    for (const method of ["POST", "GET", "DELETE"]) {
      const response = await send(method, id, method === "POST" ? { id: 1, method: "ping" } : undefined);
      expect(response.status).toBe(404);
      await response.text();
    }
  });
});

describe("a socket of a session that was ended", () => {
  it("is not heard any more, though its client goes on", async () => {
    const id = await begin();
    const headers = { upgrade: "websocket", "sec-websocket-protocol": "mcp", "mcp-session-id": id };
    const opened = await exports.default.fetch("http://localhost/mcp", { headers });
    opened.webSocket?.accept();
    const frame = (name: string) =>
      JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "get_call", arguments: { call: name } } });
    const recorded = await runInDurableObject(stubOf(id), async (session, state) => {
      const [socket] = state.getWebSockets();
      if (!socket) throw new Error("There is no socket.");
      await session.webSocketMessage(socket, frame("before"));
      await session.endSession(Date.now() + 60_000);
      await session.webSocketMessage(socket, frame("after"));
      return state.storage.sql.exec("SELECT arguments FROM calls").toArray();
    });
    expect(recorded).toEqual([{ arguments: '{"call":"before"}' }]);
  });
});

describe("a session that calls", () => {
  // Again where the answer took half a second on a busy machine: then it is a stream, whose events are kept.
  it("stores its calls, and sets its alarm once in a burst: to ship them", { retry: 2 }, async () => {
    const id = await begin();
    const beforeMs = Date.now();
    await call(id, "get_call", { call: "none" });
    const { tables, keys, alarmMs } = await stored(stubOf(id));
    expect({ tables, keys }).toEqual({ tables: ["calls"], keys: ["session"] });
    expect((alarmMs ?? 0) - beforeMs).toBeGreaterThanOrEqual(DEFAULTS.shipping.delayMs);
    await call(id, "get_call", { call: "none" });
    expect((await stored(stubOf(id))).alarmMs).toBe(alarmMs);
  });

  it("is gone when its id has expired, and the history is not", async () => {
    const id = await begin();
    await call(id, "get_call", { call: "none" });
    await expire(id);
    expect(await stored(stubOf(id))).toEqual(NOTHING);
    expect(JSON.stringify(await call(await begin()))).toContain('"get_call"');
  });

  it("answers after its object was lost, and says of what was in flight that nobody knows", async () => {
    const id = await begin();
    await call(id, "get_call", { call: "none" });
    void send("POST", id, {
      id: 2,
      method: "tools/call",
      params: { name: "long_operation", arguments: { steps: 100, delayMs: 100 } }
    }).catch(() => {});
    await expect.poll(async () => JSON.stringify(await call(id, "list_calls", { tool: "long_operation" }))).toContain('"running"');
    await abortAllDurableObjects();
    const { calls } = (await call(id)) as { calls: { tool: string; outcome: string }[] };
    const outcomes = calls.map(({ tool, outcome }) => `${tool} ${outcome}`);
    expect(new Set(outcomes)).toEqual(new Set(["get_call error", "long_operation unknown", "list_calls ok"]));
  });

  it("ships them although its object was lost while the base class started", async () => {
    const id = await begin();
    await call(id, "get_call", { call: "none" });
    await runInDurableObject(stubOf(id), ({ lifecycle }) => {
      lifecycle.start = () => new Promise(() => {}); // never comes to its end
    });
    const params = { name: "long_operation", arguments: { steps: 100, delayMs: 50 }, _meta: { progressToken: 1 } };
    const reader = (await send("POST", id, { id: 1, method: "tools/call", params })).body?.getReader();
    await reader?.read();
    await reader?.cancel(); // the client goes, and the base class starts
    await expect.poll(async () => (await stored(stubOf(id))).keys).toContain("base_started");
    await abortAllDurableObjects();
    for (let alarm = 0; alarm < 2; alarm++) {
      await runDurableObjectAlarm(stubOf(id));
      await runInDurableObject(stubOf(id), (_, { storage }) => storage.sql.exec("UPDATE cf_agents_jobs SET time = 1000").toArray());
    }
    expect(JSON.stringify(await call(await begin()))).toContain('"get_call"');
  });

  it("keeps the events of a stream for five minutes, and then only its calls", async () => {
    const id = await begin();
    const response = await send("POST", id, {
      id: 1,
      method: "tools/call",
      params: { name: "long_operation", arguments: { steps: 2, delayMs: 1 }, _meta: { progressToken: 1 } }
    });
    await response.text();
    const before = await stored(stubOf(id));
    expect(before.tables).toEqual(expect.arrayContaining(["calls", "events"]));
    expect((before.alarmMs ?? 0) - Date.now()).toBeLessThanOrEqual(5 * 60 * 1000);
    await runInDurableObject(stubOf(id), (_, { storage }) => storage.sql.exec("UPDATE events SET expires_ms = 1").toArray());
    await runDurableObjectAlarm(stubOf(id));
    const rows = await runInDurableObject(
      stubOf(id),
      (_, { storage }) => storage.sql.exec("SELECT count(*) AS count FROM events").one().count
    );
    expect(rows).toBe(0);
    const untilIdleMs = ((await stored(stubOf(id))).alarmMs ?? 0) - Date.now();
    expect(Math.abs(untilIdleMs - DEFAULTS.sessionIdleMs)).toBeLessThan(60_000);
    expect(JSON.stringify(await call(id))).toContain("long_operation");
  });

  it("is swept again after a sweep of the base class, in whatever second that runs", async () => {
    const id = await begin();
    const params = { name: "long_operation", arguments: { steps: 3, delayMs: 20 }, _meta: { progressToken: 1 } };
    const reader = (await send("POST", id, { id: 1, method: "tools/call", params })).body?.getReader();
    await reader?.read();
    await reader?.cancel(); // the client goes, and the base class starts
    const sweeps = () =>
      runInDurableObject(stubOf(id), (_, { storage }) =>
        storage.sql
          .exec("SELECT time FROM cf_agents_jobs WHERE fn = 'sweepSession'")
          .toArray()
          .map(({ time }) => Number(time))
      );
    await expect.poll(() => sweeps().catch(() => [])).not.toEqual([]);
    const secondMs = Math.floor(Date.now() / 1000) * 1000;
    await runInDurableObject(stubOf(id), (_, { storage }) => {
      // The time of a sweep is its payload, too, by which the base class tells schedules apart.
      const query = "UPDATE cf_agents_jobs SET time = ?1, payload = json_set(payload, '$.payload', CAST(?1 / 1000 AS INTEGER))";
      storage.sql.exec(query, secondMs).toArray();
    });
    // An alarm may have begun by itself: then there is none to run, and its sweep is under way.
    const sweepOnce = async () => {
      await runDurableObjectAlarm(stubOf(id));
      return Math.min(...(await sweeps())) - Date.now();
    };
    await expect.poll(sweepOnce).toBeGreaterThan(0);
    expect(await sweeps()).not.toEqual([]);
  });

  it("stands in few schedules, however often the base class sweeps", async () => {
    const id = await begin();
    const stream = () =>
      send("POST", id, {
        id: 1,
        method: "tools/call",
        params: { name: "long_operation", arguments: { steps: 3, delayMs: 20 }, _meta: { progressToken: 1 } }
      });
    const reader = (await stream()).body?.getReader();
    await reader?.read();
    await reader?.cancel(); // the client goes, and the base class starts
    const schedules = () =>
      runInDurableObject(stubOf(id), (_, { storage }) => storage.sql.exec("SELECT time FROM cf_agents_jobs ORDER BY time").toArray());
    const endMs = readSessionId(id).init.issuedMs + SESSION_TTL_MS;
    const soonMs = Date.now() + 10 * 60 * 1000;
    await expect.poll(async () => (await stored(stubOf(id))).tables).toContain("events"); // its answer is kept
    for (let sweep = 0; sweep < 3; sweep++) {
      await expect.poll(async () => (await schedules().catch(() => [])).some(({ time }) => Number(time) < soonMs)).toBe(true);
      await runInDurableObject(stubOf(id), (_, { storage }) => {
        storage.sql.exec("UPDATE events SET expires_ms = 1");
        storage.sql.exec("UPDATE cf_agents_jobs SET time = 1000 WHERE time < ?", soonMs);
      });
      await runDurableObjectAlarm(stubOf(id));
      const standing = (await schedules()).map(({ time }) => Number(time));
      expect(standing.length).toBeLessThanOrEqual(2);
      expect(Math.max(...standing)).toBeLessThanOrEqual(endMs);
      await (await stream()).text();
    }
  });
});
