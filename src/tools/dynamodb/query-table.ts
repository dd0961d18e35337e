import { z } from "zod";
import { defineTool, readOnly } from "../../mcp/define-tool.ts";
import { names, projection, tableName, VALUES } from "./arguments.ts";
import { fitItems, itemFields } from "./fitted-items.ts";

/**
 * A cursor holds the keys of a table and of an index, each up to 2048 or 1024 bytes, as JSON and sealed: a byte may take eight letters.
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
 */
const MAX_CURSOR_LENGTH = 128 * 1024;

export const queryTable = defineTool({
  name: "query_table",
  title: "Query a DynamoDB table",
  description:
    "Reads the items of one partition of a DynamoDB table or index, in the order of its sort key, eventually consistent. Use describe_table first for the keys, and get_item where the whole key is known. Expressions are DynamoDB's: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html",
  toolset: "dynamodb",
  scopes: ["aws:read"],
  annotations: readOnly,
  input: z.strictObject({
    tableName,
    keyCondition: z
      .string()
      .trim()
      .min(1)
      .max(1000)
      .describe(
        "The partition key by =, and if wanted the sort key by =, <, <=, >, >=, BETWEEN or begins_with, as in: customerId = :customer AND placedAt >= :from"
      ),
    values: z
      .record(z.string().regex(/^:\w{1,100}$/, "is no placeholder, as in :customer"), z.json())
      .describe(`What each placeholder stands for, as in {":customer": "c-7"}: ${VALUES}`),
    names,
    index: z
      .string()
      .min(3)
      .max(255)
      .optional()
      .describe("Name of the index to query instead of the table: describe_table shows which there are"),
    filter: z
      .string()
      .trim()
      .min(1)
      .max(4000)
      .optional()
      .describe(
        "A filter expression over attributes that are no keys, as in: total > :least. DynamoDB reads, and bills, what it filters out"
      ),
    projection,
    order: z.enum(["ascending", "descending"]).default("ascending").describe("By the sort key"),
    limit: z.int().min(1).max(500).default(25).describe("How many items at most"),
    cursor: z.string().min(1).max(MAX_CURSOR_LENGTH).optional().describe("nextCursor of an earlier answer to the same query")
  }),
  output: z.object({
    ...itemFields,
    notKept: z
      .string()
      .optional()
      .describe("Why these are fewer than were read, and what to do about it: nothing is lost, nextCursor goes on after them"),
    examined: z.int().describe("How many DynamoDB read, before the filter"),
    capacityUnits: z.number().describe("What this cost, in read capacity units"),
    nextCursor: z.string().optional().describe("Give it as cursor for what follows; absent at the end")
  }),
  async run({ tableName: table, order, ...query }, ctx) {
    const { filter, index, cursor } = query;
    const page = await ctx.dynamodb.query({
      ...query,
      ...{ table, filter, index, cursor, projection: query.projection, isDescending: order === "descending" }
    });
    const { shown, total, result, notKept } = await fitItems(page.items, ctx.results, { tool: "query_table", title: `Items of ${table}` });
    const { examined, capacityUnits } = page;
    return { shown, total, result, notKept, examined, capacityUnits, nextCursor: page.cursorAfter(total) };
  },
  render({ shown, total, result, notKept, examined, capacityUnits, nextCursor }) {
    const kept = result === undefined ? "" : `, ${shown.length} of them shown and all of them stored as ${result}`;
    const more = nextCursor === undefined ? "these are all" : `there may be more: go on with cursor ${nextCursor}`;
    return [
      `${total} items of ${examined} examined${kept}, ${capacityUnits} read capacity units; ${more}.`,
      ...(notKept === undefined ? [] : [notKept]),
      ...shown.map((item) => JSON.stringify(item))
    ].join("\n");
  }
});
