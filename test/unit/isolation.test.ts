import { listDurableObjectIds, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { catalog } from "../../src/catalog/catalog.ts";
import { chill, dump, furnish, type Owner, purge } from "./isolation/belongings.ts";
import { type Client, connect, WIRES, type Wire } from "./isolation/client.ts";
import { namesOfNothing, WAYS, type Way } from "./isolation/ways.ts";
import { createPerson, createPrincipal } from "./session/in-worker.ts";

// What belongs to one principal does not exist for another: whatever it is called by, on whatever wire, wherever it rests.
// The control: by the same names their owner is answered otherwise.

afterEach(() => reset());

const PEOPLE = ["two people", createPerson, createPerson] as const;
const MIXED = ["a person and a key", createPerson, createPrincipal] as const;
const KEYS = ["two keys", createPrincipal, createPrincipal] as const;

/** Objects are made, evicted and looked into many times over. */
const TIMES = { timeout: 60_000 };

const countObjects = async () => (await listDurableObjectIds(env.SESSION)).length + (await listDurableObjectIds(env.HOME)).length;

const dumpAll = async ({ objects }: Owner) => (await Promise.all(objects.map(dump))).join("\n");

/** An answer without what is said back, and without the handle of the call that failed. */
const withoutEcho = (answer: string, name: string) =>
  answer
    .replaceAll(name, "<name>")
    .replaceAll(encodeURIComponent(name), "<name>")
    .replaceAll(/\(ref call_\w+\)/g, "(ref)");

const CASES = [
  ["warm", ...PEOPLE],
  ["cold", ...PEOPLE],
  ["purged", ...PEOPLE],
  ["cold", ...MIXED],
  ["cold", ...KEYS]
] as const;

describe("what somebody has", () => {
  it.each(CASES)("is to another as what was never there: %s, %s", TIMES, async (state, _, createOwner, createStranger) => {
    const owner = await furnish(await createOwner());
    if (state === "purged") await Promise.all(owner.objects.map(purge));
    const before = await dumpAll(owner);
    const faults: object[] = [];
    for (const wire of WIRES) {
      for (const ways of partsOf(waysOn(wire))) {
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
      }
    }
    expect(faults).toEqual([]);
    expect(await dumpAll(owner)).toBe(before);
  });

  it("is what its owner reaches by the same names, on each wire", TIMES, async () => {
    const faults: object[] = [];
    for (const wire of WIRES) {
      const owner = await furnish(await createPrincipal());
      const [theirs, own] = [await connect(wire, await createPerson()), await connect(wire, owner.somebody)];
      for (const way of waysOn(wire).filter(({ isAnsweredAlike }) => !isAnsweredAlike)) {
        const name = owner.names[way.names];
        const answer = await attempt(way, theirs, name);
        if (answer === (await attempt(way, { ...own, session: owner.names.session }, name))) faults.push({ way: way.id, wire, answer });
      }
    }
    expect(faults).toEqual([]);
  });
});

describe("the table of names", () => {
  it("has every field of a tool and every template that takes one, and every tool of what is kept", () => {
    const known = new Set(WAYS.map(({ id }) => id));
    const slice = catalog.sliceAt("/x/all");
    const { tools } = JSON.parse(slice?.list("tools/list", undefined) ?? "") as { tools: ListedTool[] };
    const { resourceTemplates } = JSON.parse(slice?.list("resources/templates/list", undefined) ?? "") as {
      resourceTemplates: { uriTemplate: string }[];
    };
    const fields = tools.flatMap(({ name, inputSchema }) =>
      Object.keys(inputSchema.properties ?? {})
        .filter((field) => NAMING.test(field))
        .map((field) => `${name}.${field}`)
    );
    const templates = resourceTemplates.map(({ uriTemplate }) => uriTemplate);
    const naming = templates.filter((template) => [...template.matchAll(/\{(\w+)\}/g)].some(([, variable = ""]) => NAMING.test(variable)));
    expect(fields.filter((field) => !known.has(field))).toEqual([]);
    expect(naming.filter((template) => !known.has(template))).toEqual([]);
    expect([...fields, ...naming].length).toBeGreaterThan(15);
  });
});

/** How a field or a variable is called that takes a name of something that is kept. */
const NAMING =
  /^(call|run|session|result|task|workflow|approval|question|event|stream|socket|cursor|key|handle)s?$|(_id|Id|Ids|Handle|Cursor|_key)$/;

interface ListedTool {
  readonly name: string;
  readonly inputSchema: { readonly properties?: Readonly<Record<string, unknown>> };
}

const waysOn = (wire: Wire) => WAYS.filter(({ wires }) => wires.includes(wire));

/** As many as one stranger tries before the rate limit, which would hide what comes after it. */
function partsOf(ways: readonly Way[]): (readonly Way[])[] {
  return Array.from({ length: Math.ceil(ways.length / MAX_WAYS) }, (_, part) => ways.slice(part * MAX_WAYS, (part + 1) * MAX_WAYS));
}

const MAX_WAYS = 12;

async function attempt(way: Way, client: Client, name: string): Promise<string> {
  const answer = withoutEcho(await way.attempt(client, name), name);
  if (answer.includes("1429")) throw new Error(`${way.id} met the rate limit, which shows nothing.`);
  return answer;
}
