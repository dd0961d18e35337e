import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DynamoDbUpstream, startDynamoDb } from "../../scripts/upstreams/dynamodb.ts";
import { createPrincipal, startServer, type TestServer } from "../support/server.ts";
import { RawSession, type ToolAnswer } from "../support/session.ts";
import { describeWires, openSession, type WireSession } from "../support/wires.ts";

let dynamodb: DynamoDbUpstream;
let server: TestServer;

beforeAll(async () => {
  dynamodb = await startDynamoDb();
  server = await startServer({ settings: { ...dynamodb.settings, LOCAL_SCOPES: "all" } });
});

afterAll(async () => {
  await Promise.all([server?.close(), dynamodb?.close()]);
});

interface Page {
  readonly shown: Record<string, unknown>[];
  readonly total: number;
  readonly result?: string;
  readonly examined: number;
  readonly capacityUnits: number;
  readonly nextCursor?: string;
}

/** What a query answers, which must have succeeded. */
function pageOf({ structuredContent, content }: ToolAnswer): Page {
  if (!structuredContent) throw new Error(JSON.stringify(content));
  return structuredContent as unknown as Page;
}

const textOf = ({ content }: ToolAnswer): string => content[0]?.text ?? "";

/** The text of a failure without the handle of its call. */
function failureOf(answer: ToolAnswer): string {
  expect(answer.isError).toBe(true);
  return textOf(answer).replace(/ \(ref [^)]*\)$/, "");
}

const absent = (table: string) => `Table "${table}" does not exist, or you may not see it. list_tables shows those that you may.`;

const OF_CUSTOMER = { tableName: "orders", keyCondition: "customerId = :c", values: { ":c": "c-101" } };
const JUNE = "2026-06-";

describeWires("who may read tables", (wire) => {
  let client: WireSession;
  beforeAll(async () => {
    client = await openSession(wire, `${server.url}/mcp`);
  });
  afterAll(() => client?.close());

  it("lists those of the list, and describes one", async () => {
    expect((await client.call("list_tables")).structuredContent).toEqual({ tables: ["orders", "stock"] });
    const { structuredContent } = await client.call("describe_table", { tableName: "orders" });
    expect(structuredContent).toMatchObject({
      name: "orders",
      status: "active",
      partitionKey: [{ name: "customerId", type: "string" }],
      sortKey: [{ name: "placedAt", type: "string" }],
      billing: "on demand",
      itemCount: expect.any(Number),
      sizeBytes: expect.any(Number)
    });
    expect(structuredContent?.indexes).toEqual([
      expect.objectContaining({ name: "byStatus", kind: "global", projection: "all", partitionKey: [{ name: "status", type: "string" }] }),
      expect.objectContaining({ name: "byTotal", kind: "local", projection: "keys", sortKey: [{ name: "total", type: "number" }] })
    ]);
    expect((await client.call("describe_table", { tableName: "stock" })).structuredContent).toMatchObject({
      ...{ sortKey: [], billing: "provisioned", indexes: [] }
    });
  });

  it("queries a partition, and gets one of its items", async () => {
    const answer = await client.call("query_table", { ...OF_CUSTOMER, limit: 2 });
    const { shown: items, total, examined, capacityUnits, nextCursor } = pageOf(answer);
    expect({ total, examined, capacityUnits }).toEqual({ total: 2, examined: 2, capacityUnits: 0.5 });
    expect(items[0]).toMatchObject({
      customerId: "c-101",
      total: 89.5,
      address: { city: "Bristol" },
      tags: { $set: ["priority", "returning"] }
    });
    expect(nextCursor).toEqual(expect.any(String));
    expect(answer.structuredContent?.writtenByOthers).toEqual(["/shown"]);
    const key = { customerId: "c-101", placedAt: items[0]?.placedAt };
    expect((await client.call("get_item", { tableName: "orders", key })).structuredContent).toEqual({
      ...{ writtenByOthers: ["/shown"], shown: [items[0]], total: 1, capacityUnits: 0.5 }
    });
  });

  it("answers the same for a table that is not there and for one that is not on the list", async () => {
    const calls = [
      ["describe_table", {}],
      ["query_table", { keyCondition: "employeeId = :e", values: { ":e": "e-1" } }],
      ["get_item", { key: { employeeId: "e-1" } }]
    ] as const;
    for (const [tool, rest] of calls)
      for (const tableName of ["payroll", "nowhere"])
        expect(failureOf(await client.call(tool, { ...rest, tableName }))).toBe(absent(tableName));
  });
});

describe("a query", () => {
  let client: RawSession;
  beforeAll(async () => {
    client = await RawSession.begin(`${server.url}/mcp`);
  });
  const query = async (args: object): Promise<Page> =>
    pageOf(await client.call("query_table", { tableName: "orders", limit: 100, ...args }));
  const all = () => query(OF_CUSTOMER);
  const ids = ({ shown }: Page) => shown.map(({ orderId }) => orderId);
  const dates = ({ shown }: Page) => shown.map(({ placedAt }) => String(placedAt));

  it.each([
    ["=", "placedAt = :a", (date: string) => date === "2026-06-05T09:00:00.000Z"],
    ["<", "placedAt < :a", (date: string) => date < "2026-06-05T09:00:00.000Z"],
    ["<=", "placedAt <= :a", (date: string) => date <= "2026-06-05T09:00:00.000Z"],
    [">", "placedAt > :a", (date: string) => date > "2026-06-05T09:00:00.000Z"],
    [">=", "placedAt >= :a", (date: string) => date >= "2026-06-05T09:00:00.000Z"]
  ])("compares the sort key by %s", async (_, condition, holds) => {
    const answered = await query({
      ...{ keyCondition: `customerId = :c AND ${condition}`, values: { ":c": "c-101", ":a": "2026-06-05T09:00:00.000Z" } }
    });
    const expected = dates(await all()).filter(holds);
    expect(expected.length).toBeGreaterThan(0);
    expect(dates(answered)).toEqual(expected);
  });

  it("compares the sort key by BETWEEN and begins_with, in any order and with brackets", async () => {
    const between = await query({
      ...{
        keyCondition: "(placedAt BETWEEN :from AND :to) AND customerId = :c",
        values: { ":c": "c-101", ":from": "2026-06-02", ":to": "2026-06-20" }
      }
    });
    expect(dates(between)).toEqual(dates(await all()).filter((date) => date > "2026-06-02" && date < "2026-06-20"));
    const inJune = await query({ keyCondition: "customerId = :c and begins_with(placedAt, :p)", values: { ":c": "c-101", ":p": JUNE } });
    expect(dates(inJune)).toEqual(dates(await all()).filter((date) => date.startsWith(JUNE)));
  });

  it("reads in both orders, and by an index whose key is a reserved word", async () => {
    expect(ids(await query({ ...OF_CUSTOMER, order: "descending" }))).toEqual(ids(await all()).reverse());
    const open = await query({ index: "byStatus", keyCondition: "status = :s", values: { ":s": "open" }, order: "descending" });
    expect(open.shown).toHaveLength(12);
    expect(open.shown.every(({ status }) => status === "open")).toBe(true);
    const dear = await query({ index: "byTotal", keyCondition: "customerId = :c AND total > :t", values: { ":c": "c-101", ":t": 200 } });
    expect(dear.shown.map(({ total }) => Number(total) > 200)).toEqual(dear.shown.map(() => true));
    expect(Object.keys(dear.shown[0] ?? {}).sort()).toEqual(["customerId", "placedAt", "total"]);
  });

  it.each([{}, { order: "descending" }, { filter: "#t > :least", names: { "#t": "total" }, values: { ":c": "c-101", ":least": 80 } }])(
    "goes on page by page, and misses and repeats nothing: %j",
    async (more) => {
      const whole = ids(await query({ ...OF_CUSTOMER, ...more }));
      const paged: unknown[] = [];
      let cursor: string | undefined;
      let pages = 0;
      do {
        const page = await query({ ...OF_CUSTOMER, ...more, limit: 4, ...(cursor !== undefined && { cursor }) });
        paged.push(...ids(page));
        cursor = page.nextCursor;
        pages++;
      } while (cursor !== undefined);
      expect(paged).toEqual(whole);
      expect(pages).toBeGreaterThan(2);
    }
  );

  it("goes on by an index, with a projection that lacks its keys", async () => {
    const byStatus = {
      index: "byStatus",
      keyCondition: "#s = :s",
      names: { "#s": "status" },
      values: { ":s": "open" },
      projection: ["orderId"]
    };
    const first = await query({ ...byStatus, limit: 5, filter: "attribute_exists(lines)" });
    const second = await query({ ...byStatus, limit: 100, filter: "attribute_exists(lines)", cursor: first.nextCursor });
    expect(new Set([...ids(first), ...ids(second)]).size).toBe(12);
    expect(Object.keys(first.shown[0] ?? {}).sort()).toEqual(["customerId", "orderId", "placedAt", "status"]);
  });

  it("takes its cursor for no other query", async () => {
    const { nextCursor: cursor } = await query({ ...OF_CUSTOMER, limit: 2 });
    const refusal = "The cursor is not of this query: give it with the same table, index, condition, filter, values, names and order.";
    const others = [{ order: "descending" }, { values: { ":c": "c-102" } }, { filter: "attribute_exists(note)" }, { cursor: `${cursor}x` }];
    for (const other of others) expect(failureOf(await client.call("query_table", { ...OF_CUSTOMER, cursor, ...other }))).toBe(refusal);
    expect((await query({ ...OF_CUSTOMER, limit: 3, cursor })).shown).toHaveLength(3);
  });

  it("reads only what a projection names, keys besides", async () => {
    const { shown: items } = await query({
      ...OF_CUSTOMER,
      limit: 1,
      projection: ["status", "address.city", "lines[0].sku", "#t"],
      names: { "#t": "total" }
    });
    expect(items).toEqual([
      {
        ...{ customerId: "c-101", placedAt: "2026-06-01T09:00:00.000Z", status: "delivered", total: 89.5 },
        ...{ address: { city: "Bristol" }, lines: [{ sku: "lamp-oak" }] }
      }
    ]);
  });

  it("filters, and says how many were examined", async () => {
    const { shown: items, examined } = await query({
      ...{
        ...OF_CUSTOMER,
        filter: "address.city = :city AND total >= :least",
        values: { ":c": "c-101", ":city": "Bristol", ":least": 200 }
      }
    });
    expect(examined).toBe((await all()).total);
    expect(items.length).toBeGreaterThan(0);
    expect(items.length).toBeLessThan(examined);
    expect(items.every(({ total }) => Number(total) >= 200)).toBe(true);
  });

  it.each([
    [
      "another key",
      { keyCondition: "customer = :c" },
      'names "customer", which is no key of table "orders". Its partition key is "customerId" (string)'
    ],
    ["no partition key", { keyCondition: "placedAt = :c" }, 'does not name the partition key "customerId" of table "orders"'],
    ["another type", { values: { ":c": 5 } }, ':c is not a string, and the key "customerId" is one.'],
    ["no such index", { index: "byColour" }, 'Table "orders" has no index "byColour". It has "byStatus", "byTotal".'],
    ["a key in its filter", { filter: "placedAt > :p", values: { ":c": "c", ":p": "x" } }, "filter names a key of the table or index."],
    [
      "what is no expression",
      { filter: "total >> :p", values: { ":c": "c", ":p": 1 } },
      "filter is not an expression that DynamoDB understands."
    ],
    ["a value that is unused", { values: { ":c": "c", ":d": 1 } }, ":d is given, and no expression uses it."],
    ["a value that is missing", { filter: "total > :least" }, "values lacks :least, which filter uses."],
    ["what overlaps", { projection: ["address", "address.city"] }, "projection names an attribute and a part of it."]
  ])("is refused with %s, and told why", async (_, more, words) => {
    expect(failureOf(await client.call("query_table", { ...OF_CUSTOMER, ...more }))).toContain(words);
  });

  it("shows what JSON has no word for, and finds items by it", async () => {
    const { structuredContent: lamp } = await client.call("get_item", { tableName: "stock", key: { sku: "lamp-oak" } });
    expect(lamp?.shown).toMatchObject([{ sizesCm: { $set: [30, 45] }, label: { $binary: "b2FrLWxhbXA=" } }]);
    const { structuredContent: chair } = await client.call("get_item", { tableName: "stock", key: { sku: "chair-ash" } });
    expect(chair?.shown).toMatchObject([{ gtin: { $number: "40123456789012345678" } }]);
    const found = await query({
      ...{
        tableName: "stock",
        keyCondition: "sku = :s",
        filter: "gtin = :g",
        values: { ":s": "chair-ash", ":g": { $number: "40123456789012345678" } }
      }
    });
    expect(found.total).toBe(1);
  });

  it("stores a page that does not fit a message, shows its first items, and goes on after all of them", async () => {
    const note = "x".repeat(13_000);
    const dated = Array.from({ length: 10 }, (_, n) => `2026-01-0${n}`);
    await putBig("big", dated, note);
    const big = { keyCondition: "customerId = :c", values: { ":c": "big" }, limit: 6 };
    const answer = await client.call("query_table", { tableName: "orders", ...big });
    const first = pageOf(answer);
    expect(first).toMatchObject({ total: 6, examined: 6, result: expect.stringMatching(/^res_/), nextCursor: expect.any(String) });
    expect(dates(first)).toEqual(dated.slice(0, 1));
    expect(textOf(answer)).toContain(`1 of them shown and all of them stored as ${first.result}`);
    expect(answer.content).toContainEqual(expect.objectContaining({ type: "resource_link", uri: `result://${first.result}` }));
    const items = await storedIn(first.result);
    expect(items.map(({ placedAt, note: held }) => [placedAt, held])).toEqual(dated.slice(0, 6).map((date) => [date, note]));
    const second = await query({ ...big, cursor: first.nextCursor });
    expect((await storedIn(second.result)).map(({ placedAt }) => placedAt)).toEqual(dated.slice(6));
    expect(second).toMatchObject({ total: 4 });
    expect(second).not.toHaveProperty("nextCursor");
    const small = await query({ ...big, projection: ["total"] });
    expect({ total: small.total, result: small.result }).toEqual({ total: 6, result: undefined });
  });

  it("stores an item that alone is larger than a message, also where it is got by its key", async () => {
    await putBig("huge", ["a"], "x".repeat(60_000));
    const page = await query({ keyCondition: "customerId = :c", values: { ":c": "huge" } });
    expect(page).toMatchObject({ shown: [], total: 1 });
    const got = await client.call("get_item", { tableName: "orders", key: { customerId: "huge", placedAt: "a" } });
    expect(got.structuredContent).toMatchObject({ shown: [], total: 1, capacityUnits: expect.any(Number) });
    expect(textOf(got)).toContain("The item is larger than a message, and stored as res_");
    expect(await storedIn(pageOf(got).result)).toEqual(await storedIn(page.result));
    expect((await storedIn(page.result))[0]?.note).toHaveLength(60_000);
  });
});

/** The items of a stored result, as it is downloaded. */
async function storedIn(result: string | undefined): Promise<Record<string, unknown>[]> {
  const text = await (await fetch(`${server.url}/results/${result}`)).text();
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function putBig(customer: string, dates: readonly string[], note: string): Promise<void> {
  for (const date of dates)
    await dynamodb.send("PutItem", {
      TableName: "orders",
      Item: { customerId: { S: customer }, placedAt: { S: date }, note: { S: note } }
    });
}

describe("an item", () => {
  it.each([
    ["no sort key", { customerId: "c-101" }, 'key lacks "placedAt" of table "orders".'],
    ["one attribute too many", { customerId: "c-101", placedAt: "x", total: 1 }, 'key holds "total", which is no key of table "orders".'],
    ["another type", { customerId: "c-101", placedAt: 5 }, '"placedAt" in key is not a string, and the key "placedAt" is one.'],
    ["a key of none", { customerId: "c-101", placedAt: "x" }, 'Table "orders" has no item of this key.']
  ])("is not read with %s", async (_, key, words) => {
    const client = await RawSession.begin(`${server.url}/mcp`);
    expect(failureOf(await client.call("get_item", { tableName: "orders", key }))).toContain(words);
  });
});

describe("a principal that is not on the list", () => {
  it("is answered as if there were no tables", async () => {
    const client = await RawSession.begin(`${server.url}/mcp`, { headers: await createPrincipal(server) });
    expect((await client.call("list_tables", {})).structuredContent).toEqual({ tables: [] });
    for (const tableName of ["orders", "payroll", "nowhere"])
      expect(failureOf(await client.call("describe_table", { tableName }))).toBe(absent(tableName));
    expect(failureOf(await client.call("query_table", OF_CUSTOMER))).toBe(absent("orders"));
    expect(failureOf(await client.call("get_item", { tableName: "orders", key: { customerId: "c-101", placedAt: "x" } }))).toBe(
      absent("orders")
    );
  });
});
