import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { HomeRecord } from "../../../src/stores/home-record.ts";
import { SpentStates } from "../../../src/stores/spent-states.ts";

const MINUTE = 60_000;

const inStorage = <T>(name: string, act: (storage: DurableObjectStorage, states: SpentStates, alarms: () => number) => T): Promise<T> =>
  runInDurableObject(env.HOME.get(env.HOME.idFromName(`home:${name}`)), (_, { storage }) => {
    let alarms = 0;
    const record = new HomeRecord(storage, () => alarms++);
    return act(storage, new SpentStates(storage, record), () => alarms);
  });

it("lets a state be spent once, in this incarnation of its object and the next", async () => {
  const expiresMs = Date.now() + MINUTE;
  const taken = await inStorage("spent", (storage, states) => [
    states.spend("a", expiresMs),
    states.spend("a", expiresMs),
    states.spend("b", expiresMs),
    new SpentStates(storage, new HomeRecord(storage, () => {})).spend("a", expiresMs)
  ]);
  expect(taken).toEqual([true, false, true, false]);
});

it("costs one row for each state, and forgets it when it has expired", async () => {
  const [rows, left, later] = await inStorage("rows", ({ sql }, states) => {
    const expiresMs = Date.now() + MINUTE;
    for (const nonce of ["a", "b", "c"]) states.spend(nonce, expiresMs);
    const kept = sql.exec("SELECT count(*) AS rows FROM spent_states").one().rows;
    return [kept, states.prune(expiresMs - 1), states.prune(expiresMs)];
  });
  expect([rows, left, later]).toEqual([3, true, false]);
});

it("makes nothing before a state comes back, and then sees to the object's end", async () => {
  const tables = "SELECT count(*) AS tables FROM sqlite_master WHERE name = 'spent_states'";
  const [looked, before, spent, after] = await inStorage("nothing", ({ sql }, states, alarms) => [
    states.prune(0),
    [sql.exec(tables).one().tables, alarms()],
    states.spend("a", Date.now() + MINUTE),
    [sql.exec(tables).one().tables, alarms()]
  ]);
  expect([looked, before, spent, after]).toEqual([false, [0, 0], true, [1, 1]]);
});
