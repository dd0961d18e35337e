import { listDurableObjectIds } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { Somebody } from "../session/in-worker.ts";
import { chill, dump, type Owner, purge } from "./belongings.ts";
import { type Client, connect, WIRES, type Wire } from "./client.ts";
import { namesOfNothing, WAYS, type Way } from "./ways.ts";

/** How the objects of an owner are when another comes. */
export type State = "warm" | "cold" | "purged";

/**
 * Lets strangers try every way on every wire, and tells what they were shown or did: an answer that is not that to a name which
 * stands for nothing, an object that was made, something of the owner's that has changed.
 */
export async function findFaults(
  owner: Owner,
  createStranger: () => Promise<Somebody>,
  state: State,
  tried: readonly Way[] = WAYS
): Promise<readonly object[]> {
  if (state === "purged") await Promise.all(owner.objects.map(purge));
  const before = await dumpAll(owner);
  const faults: object[] = [];
  for (const wire of WIRES) {
    for (const ways of partsOf(waysOn(wire, tried))) {
      const stranger = await createStranger();
      const client = await connect(wire, stranger);
      await client.ask("tools/call", { name: "list_calls", arguments: {} });
      const objects = await countObjects();
      for (const way of ways) {
        const name = owner.names[way.names];
        if (state === "cold") await Promise.all(owner.objects.map(chill));
        const answer = await attempt(way, client, name);
        for (const nothing of namesOfNothing(way.names, stranger, name)) {
          const expected = await attempt(way, client, nothing);
          if (answer !== expected) faults.push({ way: way.id, wire, answer, expected });
        }
      }
      if ((await countObjects()) !== objects) faults.push({ wire, fault: "an object was made" });
      client.close();
    }
  }
  const after = await dumpAll(owner);
  return after === before ? faults : [...faults, { fault: "something of the owner's has changed", before, after }];
}

/** The ways that differ on a wire. */
export const waysOn = (wire: Wire, ways: readonly Way[] = WAYS) => ways.filter(({ wires }) => wires.includes(wire));

/** One attempt: the answer without what is said back. */
export async function attempt(way: Way, client: Client, name: string): Promise<string> {
  const answer = withoutEcho(await way.attempt(client, name), name);
  if (answer.includes("1429")) throw new Error(`${way.id} met the rate limit, which shows nothing.`);
  return answer;
}

/** The handle of a call that failed is the caller's own. */
const withoutEcho = (answer: string, name: string) =>
  answer
    .replaceAll(name, "<name>")
    .replaceAll(encodeURIComponent(name), "<name>")
    .replaceAll(/\(ref call_\w+\)/g, "(ref)");

const countObjects = async () => (await listDurableObjectIds(env.SESSION)).length + (await listDurableObjectIds(env.HOME)).length;

const dumpAll = async ({ objects }: Owner) => (await Promise.all(objects.map(dump))).join("\n");

/** As many as one stranger tries before the rate limit, which would hide what comes after it. */
function partsOf(ways: readonly Way[]): (readonly Way[])[] {
  return Array.from({ length: Math.ceil(ways.length / MAX_WAYS) }, (_, part) => ways.slice(part * MAX_WAYS, (part + 1) * MAX_WAYS));
}

const MAX_WAYS = 12;
