import { z } from "zod";
import { defineTool, readOnly } from "../../mcp/define-tool.ts";
import { NotFound } from "../../mcp/errors.ts";
import { names, projection, tableName, VALUES } from "./arguments.ts";
import { fitItems, itemFields } from "./fitted-items.ts";

export const getItem = defineTool({
  name: "get_item",
  title: "Get a DynamoDB item",
  description:
    "Reads one item of a DynamoDB table by its whole key, eventually consistent. Use describe_table first for the keys, and query_table where only the partition key is known.",
  toolset: "dynamodb",
  scopes: ["aws:read"],
  annotations: readOnly,
  input: z.strictObject({
    tableName,
    key: z
      .record(z.string().min(1).max(255), z.json())
      .describe(`The partition key, and the sort key if the table has one, as in {"customerId": "c-7", "placedAt": 5}: ${VALUES}`),
    names,
    projection
  }),
  output: z.object({
    ...itemFields,
    capacityUnits: z.number().describe("What this cost, in read capacity units")
  }),
  async run({ tableName: table, key, names: placeholders, projection: paths }, ctx) {
    const { item, capacityUnits } = await ctx.dynamodb.getItem({ table, key, names: placeholders, projection: paths });
    if (!item) throw new NotFound(`Table "${table}" has no item of this key.`);
    const { shown, total, result } = await fitItems([item], ctx.results, { tool: "get_item", title: `An item of ${table}` });
    return { shown, total, result, capacityUnits };
  },
  render({ shown: [item], result, capacityUnits }) {
    const about = item === undefined ? `The item is larger than a message, and stored as ${result}: read_result reads it` : "An item";
    return [`${about}, ${capacityUnits} read capacity units.`, ...(item === undefined ? [] : [JSON.stringify(item)])].join("\n");
  }
});
