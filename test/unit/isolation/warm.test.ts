import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import { catalog } from "../../../src/catalog/catalog.ts";
import { createPerson, createPrincipal } from "../session/in-worker.ts";
import { furnish } from "./belongings.ts";
import { connect, WIRES } from "./client.ts";
import { attempt, findFaults, waysOn } from "./faults.ts";
import { WAYS } from "./ways.ts";

// What belongs to one principal does not exist for another: whatever it is called by, on whatever wire, wherever it rests. Objects
// that sleep and objects that were emptied are in cold.test.ts and mixed.test.ts; each file has few rounds, because the runner slows down with them.
// The control: by the same names their owner is answered otherwise.

afterEach(() => reset());

/** Objects are made, evicted and looked into many times over. */
const TIMES = { timeout: 60_000 };

describe("what somebody has", () => {
  it("is to another as what was never there, where it is in memory", TIMES, async () => {
    expect(await findFaults(await furnish(await createPerson()), createPerson, "warm")).toEqual([]);
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
      for (const client of [theirs, own]) client.close();
    }
    expect(faults).toEqual([]);
  });
});

describe("the table of names", () => {
  it("has every field of a tool and every template that takes one", () => {
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
    expect(fields.filter((field) => !known.has(field) && !OF_AWS.has(field))).toEqual([]);
    expect(naming.filter((template) => !known.has(template))).toEqual([]);
    expect([...fields, ...naming].length).toBeGreaterThan(15);
  });
});

/** How a field or a variable is called that takes a name of something that is kept. Keys of writes are in shared-names.test.ts. */
const NAMING =
  /^(call|run|session|result|task|workflow|approval|question|event|stream|socket|cursor|key|handle)s?$|(_id|Id|Ids|Handle|Cursor)$/;

/** What these name is kept by AWS, which is not here: test/wire/dynamodb.test.ts and aws-people.test.ts try them. */
const OF_AWS: ReadonlySet<string> = new Set(["get_item.key", "query_table.cursor"]);

interface ListedTool {
  readonly name: string;
  readonly inputSchema: { readonly properties?: Readonly<Record<string, unknown>> };
}
