import { listDurableObjectIds, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { catalog } from "../../src/catalog/catalog.ts";
import { chill, dump, furnish, type Owner, purge } from "./isolation/belongings.ts";
import { connect, WIRES } from "./isolation/client.ts";
import { namesOfNothing, WAYS, type Way } from "./isolation/ways.ts";
import { createPerson, createPrincipal } from "./session/in-worker.ts";

// What belongs to one principal does not exist for another: whatever it is called by, on whatever wire, wherever it rests.
// The control stands in the same test: by the same name its owner is answered otherwise.

afterEach(() => reset());

const PAIRS = [
  ["two people", createPerson, createPerson],
  ["a person and a key", createPerson, createPrincipal],
  ["a key and a person", createPrincipal, createPerson],
  ["two keys", createPrincipal, createPrincipal]
] as const;

const STATES = {
  warm: async () => {},
  cold: chill,
  purged: purge
};

const countObjects = async () => (await listDurableObjectIds(env.SESSION)).length + (await listDurableObjectIds(env.HOME)).length;

const dumpAll = async ({ objects }: Owner) => (await Promise.all(objects.map(dump))).join("\n");

/** An answer without what is said back, and without the handle of the call that failed. */
const withoutEcho = (answer: string, name: string) =>
  answer
    .replaceAll(name, "<name>")
    .replaceAll(encodeURIComponent(name), "<name>")
    .replaceAll(/\(ref call_\w+\)/g, "(ref)");

describe.each(PAIRS)("%s", (_, createOwner, createStranger) => {
  describe.each(Object.entries(STATES))("where everything is %s", (state, settle) => {
    it.each(WIRES)("on %s, what is another's is what was never there", async (wire) => {
      const owner = await furnish(await createOwner());
      const stranger = await createStranger();
      const client = await connect(wire, stranger);
      await client.ask("tools/call", { name: "list_calls", arguments: {} });
      const attempt = async (way: Way, name: string) => withoutEcho(await way.attempt(client, name), name);
      if (state === "purged") await Promise.all(owner.objects.map(settle));
      const objects = await countObjects();
      const before = await dumpAll(owner);
      const faults: object[] = [];
      const answers = new Map<Way, string>();
      for (const way of WAYS.filter(({ wires }) => wires.includes(wire))) {
        const name = owner.names[way.names];
        if (state !== "purged") await Promise.all(owner.objects.map(settle));
        const answer = await attempt(way, name);
        answers.set(way, answer);
        for (const nothing of namesOfNothing(way.names, stranger, name)) {
          const expected = await attempt(way, nothing);
          if (answer !== expected) faults.push({ way: way.id, answer, expected });
        }
        if ((await dumpAll(owner)) !== before) faults.push({ way: way.id, fault: "something of the owner's has changed" });
        if ((await countObjects()) !== objects) faults.push({ way: way.id, fault: "an object was made" });
      }
      expect(faults).toEqual([]);
      if (state !== "warm") return;
      const owners = await connect(wire, owner.somebody);
      for (const [way, answer] of answers) {
        const own = withoutEcho(await way.attempt(owners, owner.names[way.names]), owner.names[way.names]);
        if (own === answer) faults.push({ way: way.id, fault: "its owner is answered the same", answer });
      }
      expect(faults).toEqual([]);
    });
  });
});
