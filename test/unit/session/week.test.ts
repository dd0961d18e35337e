import { evictDurableObject, reset, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { homeNameOf } from "../../../src/mcp/doors/home-name.ts";
import { begin, createCaller, createPrincipal, send, stubOf } from "./in-worker.ts";

// A person's week: sessions come and go, objects are lost and purged, and the history is whole.

const DAY_MS = 24 * 60 * 60 * 1000;
// A week that is still to come: alarms go by the machine's own clock, and none may be due before the test says so.
const START_MS = Math.ceil(Date.now() / DAY_MS) * DAY_MS + DAY_MS;

beforeEach(() => vi.useFakeTimers({ toFake: ["Date"], now: START_MS }));
afterEach(async () => {
  vi.useRealTimers();
  await reset();
});

const toDay = (day: number) => vi.setSystemTime(START_MS + day * DAY_MS);

const homeOf = (principalId: string) => env.HOME.get(env.HOME.idFromName(`home:${homeNameOf(principalId)}`));

const isEmpty = (stub: DurableObjectStub) =>
  runInDurableObject(stub, (_, { storage }) => {
    const tables = storage.sql.exec("SELECT name FROM sqlite_master WHERE name IN ('calls', 'home_calls')").toArray();
    return tables.length === 0 && [...storage.kv.list()].length === 0;
  });

it("keeps a week of two sessions and the stateless era, through evictions and a purge, for its principal alone", async () => {
  const [alice, bob] = [await createPrincipal(), await createPrincipal()];
  const work = (steps: number) => ["long_operation", { steps, delayMs: 0 }] as const;

  // Monday: the first session works, and its object is lost before it has shipped anything.
  const monday = await begin(alice.headers);
  const one = createCaller(alice.headers, monday);
  await one(...work(1));
  await one("get_call", { call: "call_of_monday" });
  await evictDurableObject(stubOf(monday));
  expect(await runDurableObjectAlarm(stubOf(monday))).toBe(true); // ships

  // Tuesday and Wednesday: the second session, and the stateless era; both objects are lost in between.
  toDay(1);
  const tuesday = await begin(alice.headers);
  const two = createCaller(alice.headers, tuesday);
  await two(...work(2));
  await evictDurableObject(stubOf(tuesday));
  await two(...work(3));
  toDay(2);
  const stateless = createCaller(alice.headers);
  await stateless(...work(4));
  await evictDurableObject(homeOf(alice.id));
  await stateless("get_call", { call: "call_of_wednesday" });

  // Thursday: the first session has been idle for long. What is left of it is its id.
  toDay(3);
  expect(await runDurableObjectAlarm(stubOf(monday))).toBe(true);
  expect(await isEmpty(stubOf(monday))).toBe(true);
  await one(...work(5)); // it is still good

  // Bob has a week of his own, of one call.
  const bobs = createCaller(bob.headers, await begin(bob.headers));
  await bobs(...work(6));

  // Sunday: a fourth session of Alice finds everything.
  toDay(6);
  await evictDurableObject(homeOf(alice.id));
  await two(...work(7)); // the second session lives; its call is a moment old, and shipped by the alarm
  await runDurableObjectAlarm(stubOf(tuesday));
  await runDurableObjectAlarm(stubOf(monday));
  const four = createCaller(alice.headers, await begin(alice.headers));
  const list = async (args: object = {}) => (await four("list_calls", { limit: 100, ...args })).calls as Row[];
  const all = await list();
  expect(all.map(({ tool, arguments: args }) => `${tool} ${args}`)).toEqual([
    'long_operation {"steps":7,"delayMs":0}',
    'long_operation {"steps":5,"delayMs":0}',
    'get_call {"call":"call_of_wednesday"}',
    'long_operation {"steps":4,"delayMs":0}',
    'long_operation {"steps":3,"delayMs":0}',
    'long_operation {"steps":2,"delayMs":0}',
    'get_call {"call":"call_of_monday"}',
    'long_operation {"steps":1,"delayMs":0}'
  ]);
  expect(await list({ text: "CALL_OF_wed", tool: "get_call" })).toHaveLength(1);
  expect(await list({ outcome: "error", until: new Date(START_MS + DAY_MS).toISOString() })).toMatchObject([{ tool: "get_call" }]);
  expect(await list({ session: all[0]?.session ?? "" })).toMatchObject([{}, {}, {}].map(() => ({ tool: "long_operation" })));
  const found = await four("get_call", { call: all[3]?.call });
  expect(found).toMatchObject({ tool: "long_operation", era: "stateless", outcome: "ok", preview: "Took 4 steps in 0 ms." });

  const { sessions } = (await four("list_sessions")) as { sessions: { session: string; calls: number; isThis: boolean }[] };
  expect(sessions.map(({ calls }) => calls).sort()).toEqual([3, 3, expect.any(Number)]);
  expect(sessions.filter(({ isThis }) => isThis)).toHaveLength(1);
  const before = { until: new Date(START_MS + 6 * DAY_MS).toISOString() };
  expect(await four("summarize_activity", { since: new Date(START_MS).toISOString(), ...before })).toMatchObject({
    total: { calls: 7, failures: 2 },
    byTool: [
      { name: "long_operation", calls: 5 },
      { name: "get_call", calls: 2, failures: 2 }
    ]
  });
  const exported = String((await four("export_calls", before)).ndjson)
    .trim()
    .split("\n");
  expect(exported.map((line) => (JSON.parse(line) as Row).call)).toEqual(all.slice(1).map(({ call }) => call));
  expect(await four("get_usage")).toMatchObject({ days: 30, estimatedDollars: expect.any(Number), sessions: 3 });

  // Bob sees none of it, by no handle, and deletes none of it.
  expect(((await bobs("list_calls", {})).calls as Row[]).map(({ arguments: args }) => args)).toEqual(['{"steps":6,"delayMs":0}']);
  expect(JSON.stringify(await bobs("get_call", { call: all[1]?.call }))).toContain("No call of yours");
  expect(JSON.stringify(await bobs("list_calls", { session: all[0]?.session }))).toContain("No session of yours");
  expect(JSON.stringify(await bobs("end_session", { session: all[0]?.session }))).toContain("No session of yours");
  expect(await bobs("delete_calls", { calls: all.map(({ call }) => call) })).toMatchObject({ deleted: 0 });

  // What Alice deletes is gone, everywhere: in her home, and in the session that still has a copy.
  expect(await four("delete_calls", before)).toEqual({ deleted: 7, hasMore: false });
  expect((await list({ until: before.until })).length).toBe(0);
  expect(await four("delete_calls", { calls: [all[0]?.call] })).toMatchObject({ deleted: 1 });
  await evictDurableObject(stubOf(tuesday));
  await runDurableObjectAlarm(stubOf(tuesday));
  expect(await list({ tool: "long_operation" })).toEqual([]);
  const copies = await runInDurableObject(stubOf(tuesday), (_, { storage }) => storage.sql.exec("SELECT tool FROM calls").toArray());
  expect(copies).toEqual([]);
});

it("forgets a principal's calls after their retention, and the home itself when nothing is left", async () => {
  const alice = await createPrincipal();
  await createCaller(alice.headers)("long_operation", { steps: 1, delayMs: 0 });
  toDay(29);
  expect(await runDurableObjectAlarm(homeOf(alice.id))).toBe(true);
  expect(await isEmpty(homeOf(alice.id))).toBe(false);
  toDay(31);
  expect(await runDurableObjectAlarm(homeOf(alice.id))).toBe(true);
  expect(await isEmpty(homeOf(alice.id))).toBe(true);
  // And it is there again for the next call.
  await createCaller(alice.headers)("long_operation", { steps: 2, delayMs: 0 });
  expect(((await createCaller(alice.headers)("list_calls")).calls as Row[]).length).toBe(1);
});

it("ends a session from another one: its id is not accepted again, and its calls stay", async () => {
  const alice = await createPrincipal();
  const ending = await begin(alice.headers);
  await createCaller(alice.headers, ending)("long_operation", { steps: 1, delayMs: 0 });
  await runDurableObjectAlarm(stubOf(ending));
  const stateless = createCaller(alice.headers);
  const { sessions } = (await stateless("list_sessions")) as { sessions: { session: string }[] };
  const { session } = sessions[0] ?? { session: "" };
  expect(await stateless("end_session", { session })).toEqual({ ended: true });
  expect(await stateless("end_session", { session })).toEqual({ ended: false });
  await expect(createCaller(alice.headers, ending)("list_calls")).rejects.toThrow("404");
  expect(await stateless("list_calls", { session })).toMatchObject({ calls: [{ tool: "long_operation" }] });
  expect(await stateless("list_sessions")).toMatchObject({ sessions: [{ endedAt: expect.any(String) }] });
});

it("knows of a session that its client ended, also where everything was shipped before", async () => {
  const alice = await createPrincipal();
  const ending = await begin(alice.headers);
  await createCaller(alice.headers, ending)("long_operation", { steps: 1, delayMs: 0 });
  await runDurableObjectAlarm(stubOf(ending));
  await (await send("DELETE", ending, undefined, alice.headers)).text();
  await runDurableObjectAlarm(stubOf(ending));
  expect(await createCaller(alice.headers)("list_sessions")).toMatchObject({ sessions: [{ calls: 1, endedAt: expect.any(String) }] });
  const copies = await runInDurableObject(stubOf(ending), (_, { storage }) => storage.sql.exec("SELECT tool FROM calls").toArray());
  expect(copies).toEqual([]);
});

interface Row {
  readonly call: string;
  readonly session?: string;
  readonly tool: string;
  readonly arguments?: string;
}
