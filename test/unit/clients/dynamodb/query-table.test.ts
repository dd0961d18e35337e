import { expect, it } from "vitest";
import type { Aws, AwsRequest } from "../../../../src/clients/aws.ts";
import { createDynamoDb } from "../../../../src/clients/dynamodb/dynamodb.ts";
import { createNameList } from "../../../../src/lib/name-list.ts";
import type { TableQuery } from "../../../../src/mcp/dynamodb.ts";
import { queryTable } from "../../../../src/tools/dynamodb/query-table.ts";
import { keyring } from "../../isolation/belongings.ts";

const TABLE = {
  TableName: "orders",
  TableStatus: "ACTIVE",
  AttributeDefinitions: ["id", "at", "status"].map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
  KeySchema: keysOf("id", "at"),
  GlobalSecondaryIndexes: [{ IndexName: "byStatus", KeySchema: keysOf("status", "at"), Projection: { ProjectionType: "KEYS_ONLY" } }]
};

function keysOf(partition: string, sort: string) {
  return [
    { AttributeName: partition, KeyType: "HASH" },
    { AttributeName: sort, KeyType: "RANGE" }
  ];
}

/** A table that answers each query with the same page; what it was asked is kept. */
function dynamodbOf(page: object) {
  const asked: AwsRequest<unknown>["input"][] = [];
  const aws: Aws = {
    async read({ action, input, answer }) {
      if (action === "DynamoDB_20120810.DescribeTable") return answer.parse({ Table: TABLE });
      asked.push(input);
      return answer.parse(page);
    }
  };
  return { asked, ...createDynamoDb({ aws, tables: createNameList(["orders"]), principalId: "local", keyring: keyring() }) };
}

const QUERY: TableQuery = {
  ...{ table: "orders", index: undefined, keyCondition: "id = :i", filter: undefined, values: { ":i": "a" }, names: {} },
  ...{ projection: undefined, isDescending: false, limit: 10, cursor: undefined }
};

const item = (n: number) => ({ id: { S: "a" }, at: { S: `${n}` }, status: { S: "open" }, total: { N: `${n}` } });
const keyAt = (n: number) => ({ id: { S: "a" }, at: { S: `${n}` } });

it("goes on after as many items of a page as were taken, and at its end where DynamoDB says", async () => {
  const { query, asked } = dynamodbOf({ Items: [1, 2, 3].map(item), LastEvaluatedKey: keyAt(7) });
  const page = await query(QUERY);
  for (const count of [1, 2, 3]) await query({ ...QUERY, cursor: page.cursorAfter(count) });
  expect(asked.map(({ ExclusiveStartKey }) => ExclusiveStartKey)).toEqual([undefined, keyAt(1), keyAt(2), keyAt(7)]);
});

it("goes on after the last item that was asked for, where a filter let more come", async () => {
  const filtered = { ...QUERY, filter: "total > :t", values: { ":i": "a", ":t": 0 }, limit: 2 };
  const { query, asked } = dynamodbOf({ Items: [1, 2, 3].map(item), LastEvaluatedKey: keyAt(7), ScannedCount: 9 });
  const page = await query(filtered);
  expect(page).toMatchObject({ examined: 9, items: [{ at: "1" }, { at: "2" }] });
  await query({ ...filtered, cursor: page.cursorAfter(2) });
  expect(asked[1]).toMatchObject({ ExclusiveStartKey: keyAt(2) });
  expect(asked[1]).not.toHaveProperty("Limit");
});

it("goes on where a filter let nothing come, and ends where DynamoDB does", async () => {
  const nothing = await dynamodbOf({ Items: [], LastEvaluatedKey: keyAt(7) }).query(QUERY);
  expect(nothing.items).toEqual([]);
  expect(nothing.cursorAfter(0)).toEqual(expect.any(String));
  expect((await dynamodbOf({ Items: [item(1)] }).query(QUERY)).cursorAfter(1)).toBeUndefined();
});

it("goes on in an index by the keys of both", async () => {
  const byStatus = { ...QUERY, index: "byStatus", keyCondition: "status = :i" };
  const { query, asked } = dynamodbOf({ Items: [1, 2].map(item) });
  const page = await query(byStatus);
  await query({ ...byStatus, cursor: page.cursorAfter(1) });
  expect(asked[1]?.ExclusiveStartKey).toEqual({ ...keyAt(1), status: { S: "open" } });
});

it("refuses a projection of what a global index does not hold, before anything is sent", async () => {
  const { query, asked } = dynamodbOf({ Items: [] });
  const byStatus = { ...QUERY, index: "byStatus", keyCondition: "status = :i" };
  const words =
    'projection has "total", which index "byStatus" does not hold. It holds "id", "at", "status"; get_item reads the whole item.';
  await expect(query({ ...byStatus, projection: ["id", "total.sum[0]"] })).rejects.toThrow(words);
  await expect(query({ ...byStatus, projection: ["#t"], names: { "#t": "total" } })).rejects.toThrow(words);
  expect(asked).toEqual([]);
  await query({ ...byStatus, projection: ["id", "#s"], names: { "#s": "status" } });
  await query({ ...QUERY, projection: ["total"] });
  expect(asked).toHaveLength(2);
});

it("makes cursors that it takes back, also of the longest keys", async () => {
  const long = (length: number) => ({ S: "\u0001".repeat(length) });
  const last = { id: long(2048), at: long(1024), status: long(2048) };
  const byStatus = { ...QUERY, index: "byStatus", keyCondition: "status = :i" };
  const { query } = dynamodbOf({ Items: [last], LastEvaluatedKey: last });
  const cursor = (await query(byStatus)).cursorAfter(1);
  const input = { tableName: "orders", keyCondition: "status = :i", values: { ":i": "a" }, cursor };
  expect(queryTable.input.safeParse(input).success).toBe(true);
});
