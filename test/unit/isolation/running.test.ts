import { reset } from "cloudflare:test";
import { afterEach, expect, it } from "vitest";
import { createCaller, createPerson, createPrincipal } from "../session/in-worker.ts";
import { furnish, setToWork } from "./belongings.ts";
import { connect, WIRES } from "./client.ts";
import { attempt, findFaults, waysOn } from "./faults.ts";
import { WAYS_TO_RUNNING } from "./ways.ts";

// A call that is at work does not exist for another principal, either: it is not shown, and not stopped. The control: its owner sees
// how far it is and stops it, by the same names.

afterEach(() => reset());

/** Objects are looked into many times over. */
const TIMES = { timeout: 60_000 };

it.each([
  ["a person", createPerson],
  ["a key", createPrincipal]
] as const)("a call at work of %s is to others as what was never there, and goes on", TIMES, async (_, createOwner) => {
  const owner = await setToWork(await furnish(await createOwner()));
  const { call, statelessCall } = owner.names;
  const own = createCaller(owner.somebody.headers);
  const progressOf = async (name: string) => ((await own("get_call", { call: name })).progress as { done: number }).done;
  const before = [await progressOf(call), await progressOf(statelessCall)];
  for (const createStranger of [createPerson, createPrincipal])
    expect(await findFaults(owner, createStranger, "warm", WAYS_TO_RUNNING)).toEqual([]);
  const after = [await progressOf(call), await progressOf(statelessCall)];
  for (const [i, done] of after.entries()) expect(done).toBeGreaterThan(before[i] ?? Number.POSITIVE_INFINITY);
  for (const name of [call, statelessCall]) expect(await own("cancel_call", { call: name })).toMatchObject({ outcome: "cancelled" });
});

it("a call at work is what its owner reaches by the same names, on each wire", TIMES, async () => {
  const faults: object[] = [];
  for (const wire of WIRES) {
    const owner = await setToWork(await furnish(await createPrincipal()));
    const [theirs, own] = [await connect(wire, await createPerson()), await connect(wire, owner.somebody)];
    for (const way of waysOn(wire, WAYS_TO_RUNNING).filter(({ id }) => id !== "delete_calls.calls")) {
      const name = owner.names[way.names];
      const answer = await attempt(way, theirs, name);
      if (answer === (await attempt(way, own, name))) faults.push({ way: way.id, wire, answer });
    }
    for (const client of [theirs, own]) client.close();
  }
  expect(faults).toEqual([]);
});
