import { z } from "zod";
import { defineTool, readOnly } from "../../mcp/define-tool.ts";
import { writtenByOthers } from "../../mcp/written-by-others.ts";
import { ITEMS_BYTES, names, projection, tableName, VALUES } from "./arguments.ts";

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
    limit: z.int().min(1).max(500).default(25).describe("How many items at most; fewer are answered where they would not fit a message"),
    cursor: z.string().min(1).max(8192).optional().describe("nextCursor of an earlier answer to the same query")
  }),
  output: z.object({
    items: writtenByOthers(z.array(z.record(z.string(), z.unknown())).describe(`Values are ${VALUES}`)),
    count: z.int().describe("How many items these are"),
    examined: z.int().describe("How many DynamoDB read, before the filter"),
    capacityUnits: z.number().describe("What this cost, in read capacity units"),
    nextCursor: z.string().optional().describe("Give it as cursor for what follows; absent at the end")
  }),
  async run({ tableName: table, order, ...query }, ctx) {
    const { filter, index, cursor } = query;
    const page = await ctx.dynamodb.query({
      ...query,
      ...{ table, filter, index, cursor, projection: query.projection, isDescending: order === "descending", maxBytes: ITEMS_BYTES }
    });
    const { examined, capacityUnits } = page;
    return { items: [...page.items], count: page.items.length, examined, capacityUnits, nextCursor: page.cursor };
  },
  render({ count, examined, capacityUnits, nextCursor }) {
    const more = nextCursor === undefined ? "these are all" : "there may be more: give nextCursor as cursor";
    return `${count} items of ${examined} examined, ${capacityUnits} read capacity units; ${more}.`;
  }
});
