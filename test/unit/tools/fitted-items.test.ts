import { expect, it } from "vitest";
import type { JsonObject } from "../../../src/lib/json.ts";
import type { Context } from "../../../src/mcp/context.ts";
import type { Results } from "../../../src/mcp/results.ts";
import { getItem } from "../../../src/tools/dynamodb/get-item.ts";
import { queryTable } from "../../../src/tools/dynamodb/query-table.ts";
import { inHome, readAll, SMALL } from "../session/stored-results.ts";

const itemsOf = (count: number, length: number): JsonObject[] =>
  Array.from({ length: count }, (_, n) => ({ id: "a", n, note: "x".repeat(length) }));

/** A table whose next page holds these items; a cursor says how many of them are behind it. */
const contextOf = (results: Results, items: readonly JsonObject[]) =>
  ({
    results,
    dynamodb: {
      query: async () => ({ items, examined: items.length, capacityUnits: 1, cursorAfter: (count: number) => `after ${count}` }),
      getItem: async () => ({ item: items[0], capacityUnits: 1 })
    }
  }) as unknown as Context; // what the tools use of it

const query = (results: Results, items: readonly JsonObject[]) =>
  queryTable.run({ tableName: "orders", keyCondition: "id = :a", values: { ":a": "a" } }, contextOf(results, items));

/** Room for no result at all. */
const FULL = { ...SMALL, maxResults: 0 };

it("stores all items of a page in the order of the table, and goes on after the last of them", () =>
  inHome(async ({ results }) => {
    const items = itemsOf(20, 100);
    const answer = (await query(results, items)) as { shown: JsonObject[]; result: string };
    expect(answer).toMatchObject({ total: 20, nextCursor: "after 20" });
    expect(answer.shown).toEqual(items.slice(0, answer.shown.length));
    expect((await readAll(results, answer.result)).map(({ text }) => JSON.parse(text))).toEqual(items);
    expect(await results.list(10)).toMatchObject([{ tool: "query_table", title: "Items of orders", lines: 20, state: "complete" }]);
  }));

it("stores nothing where the items fit a message", () =>
  inHome(async ({ results }) => {
    expect(await query(results, itemsOf(2, 10))).toMatchObject({ shown: itemsOf(2, 10), total: 2, nextCursor: "after 2" });
    expect(await results.list(10)).toEqual([]);
  }));

it("without room for a result shows the items that fit, says what to delete, and goes on after them", () =>
  inHome(async ({ results }) => {
    const items = itemsOf(20, 10_000);
    const answer = await query(results, items);
    expect(answer).toMatchObject({ total: 4, nextCursor: "after 4", notKept: expect.stringContaining("delete_result") });
    expect(answer).toMatchObject({ shown: items.slice(0, 4), result: undefined });
  }, FULL));

it("without room for a result says how an item that is larger than a message can be read", () =>
  inHome(async ({ results }) => {
    const items = itemsOf(1, 100_000);
    const refusal = {
      name: "QuotaReached",
      message: expect.stringMatching(/^An item is larger than a message\. .*projection.*delete_result/)
    };
    await expect(query(results, items)).rejects.toMatchObject(refusal);
    const getting = getItem.run({ tableName: "orders", key: { id: "a" } }, contextOf(results, items));
    await expect(getting).rejects.toMatchObject(refusal);
  }, FULL));
