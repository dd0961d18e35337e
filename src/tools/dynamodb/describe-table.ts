import { z } from "zod";
import { showName } from "../../lib/text.ts";
import { toVisible } from "../../lib/visible-text.ts";
import { defineTool, readOnly } from "../../mcp/define-tool.ts";
import { tableName } from "./arguments.ts";

const key = z.array(z.object({ name: z.string(), type: z.enum(["string", "number", "binary"]) }));

const keys = {
  partitionKey: key.describe("One attribute; of a global index up to four"),
  sortKey: key.describe("Empty if there is none")
};

export const describeTable = defineTool({
  name: "describe_table",
  title: "Describe a DynamoDB table",
  description: "Tells the keys, indexes, billing mode, item count and size of one DynamoDB table. Call it before query_table and get_item.",
  toolset: "dynamodb",
  scopes: ["aws:read"],
  annotations: readOnly,
  input: z.strictObject({ tableName }),
  output: z.object({
    name: z.string(),
    status: z.string().describe("As in active or updating"),
    ...keys,
    billing: z.enum(["on demand", "provisioned"]),
    itemCount: z.int().describe("As AWS last counted, about every six hours"),
    sizeBytes: z.int().describe("As AWS last measured, about every six hours"),
    indexes: z.array(
      z.object({
        name: z.string(),
        kind: z.enum(["global", "local"]),
        ...keys,
        projection: z.enum(["all", "keys", "some"]).describe("Which attributes of an item it holds besides the keys"),
        attributes: z.array(z.string()).describe("The names of those, where they are some")
      })
    )
  }),
  async run({ tableName: name }, ctx) {
    const { indexes, ...table } = await ctx.dynamodb.describeTable(name);
    return {
      ...table,
      partitionKey: toShown(table.partitionKey),
      sortKey: toShown(table.sortKey),
      indexes: indexes.map(({ partitionKey, sortKey, attributes, ...index }) => ({
        ...index,
        partitionKey: toShown(partitionKey),
        sortKey: toShown(sortKey),
        attributes: attributes.map(toVisible)
      }))
    };
  },
  render: ({ name, status, partitionKey, sortKey, billing, itemCount, sizeBytes, indexes }) =>
    [
      `${name} (${status}): ${keysOf({ partitionKey, sortKey })}, ${billing}, about ${itemCount} items, ${sizeBytes} bytes`,
      ...indexes.map((index) => `${index.kind} index ${index.name}: ${keysOf(index)}, holds ${heldBy(index)}`)
    ].join("\n")
});

/** Whoever writes a table names its keys, with any characters that they like. */
const toShown = (attributes: readonly z.output<typeof key>[number][]) =>
  attributes.map(({ name, type }) => ({ name: toVisible(name), type }));

/** Which attributes stand in an index besides the keys. */
const heldBy = ({ projection, attributes }: { projection: string; attributes: readonly string[] }): string =>
  attributes.length > 0 ? `${projection} attributes: ${attributes.map(showName).join(", ")}` : projection;

type Keys = Record<"partitionKey" | "sortKey", z.output<typeof key>>;

function keysOf({ partitionKey, sortKey }: Keys): string {
  const shown = (attributes: z.output<typeof key>) => attributes.map(({ name, type }) => `${showName(name)} (${type})`).join(" and ");
  return `partition key ${shown(partitionKey)}, ${sortKey.length === 0 ? "no sort key" : `sort key ${shown(sortKey)}`}`;
}
