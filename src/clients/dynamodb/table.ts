import { z } from "zod";
import type { JsonObject } from "../../lib/json.ts";
import type { KeySchema, KeyType, Table } from "../../mcp/dynamodb.ts";
import { UpstreamFailed } from "../../mcp/errors.ts";

/** Asks DynamoDB about one table. @throws NotFound for one that the principal may not read. */
export type ReadTable = <T>(
  action: "DescribeTable" | "Query" | "GetItem",
  table: string,
  input: JsonObject,
  answer: z.ZodType<T>
) => Promise<T>;

const keySchema = z.array(z.object({ AttributeName: z.string(), KeyType: z.string() }));

const index = z.object({
  IndexName: z.string(),
  KeySchema: keySchema,
  Projection: z.object({ ProjectionType: z.string().optional(), NonKeyAttributes: z.array(z.string()).optional() })
});

/** What is read of a description: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html */
export const tableAnswer = z.object({
  Table: z.object({
    TableName: z.string(),
    TableStatus: z.string(),
    AttributeDefinitions: z.array(z.object({ AttributeName: z.string(), AttributeType: z.string() })),
    KeySchema: keySchema,
    BillingModeSummary: z.object({ BillingMode: z.string().optional() }).optional(),
    ItemCount: z.number().optional(),
    TableSizeBytes: z.number().optional(),
    GlobalSecondaryIndexes: z.array(index).optional(),
    LocalSecondaryIndexes: z.array(index).optional()
  })
});

/** @throws UpstreamFailed for a key of no type. */
export function toTable({ Table: from }: z.output<typeof tableAnswer>): Table {
  const types = new Map(from.AttributeDefinitions.map(({ AttributeName, AttributeType }) => [AttributeName, AttributeType]));
  const toIndex = (kind: "global" | "local") => (described: z.output<typeof index>) => ({
    name: described.IndexName,
    kind,
    ...toKeySchema(described.KeySchema, types),
    projection: PROJECTIONS[described.Projection.ProjectionType ?? ""] ?? "some",
    attributes: described.Projection.NonKeyAttributes ?? []
  });
  return {
    name: from.TableName,
    status: from.TableStatus.toLowerCase(),
    ...toKeySchema(from.KeySchema, types),
    billing: from.BillingModeSummary?.BillingMode === "PAY_PER_REQUEST" ? "on demand" : "provisioned",
    itemCount: from.ItemCount ?? 0,
    sizeBytes: from.TableSizeBytes ?? 0,
    indexes: [...(from.GlobalSecondaryIndexes ?? []).map(toIndex("global")), ...(from.LocalSecondaryIndexes ?? []).map(toIndex("local"))]
  };
}

const PROJECTIONS: Readonly<Record<string, "all" | "keys" | "some">> = { ALL: "all", KEYS_ONLY: "keys", INCLUDE: "some" };

const KEY_TYPES: Readonly<Record<string, KeyType>> = { S: "string", N: "number", B: "binary" };

function toKeySchema(schema: z.output<typeof keySchema>, types: ReadonlyMap<string, string>): KeySchema {
  const attributesOf = (keyType: string) =>
    schema
      .filter(({ KeyType }) => KeyType === keyType)
      .map(({ AttributeName: name }) => {
        const type = KEY_TYPES[types.get(name) ?? ""];
        if (!type) throw new UpstreamFailed("DynamoDB describes this table in a way that could not be read.");
        return { name, type };
      });
  return { partitionKey: attributesOf("HASH"), sortKey: attributesOf("RANGE") };
}
