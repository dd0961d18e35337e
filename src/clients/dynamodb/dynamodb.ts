import { z } from "zod";
import { isJsonObject } from "../../lib/json.ts";
import type { NameList } from "../../lib/name-list.ts";
import type { DynamoDb, ItemQuery, Table } from "../../mcp/dynamodb.ts";
import { NotFound } from "../../mcp/errors.ts";
import type { Keyring } from "../../mcp/signed/keyring.ts";
import type { Aws, AwsRequest } from "../aws.ts";
import { toPlainItem } from "./attribute-values.ts";
import { checkItemKey, keysOf } from "./check-key.ts";
import { explainRefusal } from "./explain-refusal.ts";
import { Aliases, writeProjection } from "./expressions.ts";
import { checkPlaceholders } from "./placeholders.ts";
import { queryTable } from "./query-table.ts";
import { type ReadTable, tableAnswer, toTable } from "./table.ts";

/** The settings of {@link createDynamoDb}. */
export interface DynamoDbOptions {
  readonly aws: Aws;
  /** The tables that the principal may read. */
  readonly tables: NameList;
  /** Who calls: a cursor is theirs alone. */
  readonly principalId: string;
  readonly keyring: Keyring;
}

/** DynamoDB as the deployer sees it, for one call, within the tables that it may read. Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference */
export function createDynamoDb({ aws, tables, principalId, keyring }: DynamoDbOptions): DynamoDb {
  const described = new Map<string, Promise<Table>>();
  const read: ReadTable = async (action, name, input, answer) => {
    if (!tables.includes(name)) throw new NotFound(notFound(name));
    return aws.read({ action: `DynamoDB_20120810.${action}`, input: { TableName: name, ...input }, answer, ...wordsFor(name) });
  };
  const describe = (name: string): Promise<Table> => {
    const known = described.get(name) ?? read("DescribeTable", name, {}, tableAnswer).then(toTable);
    described.set(name, known);
    return known;
  };
  return {
    listTables: () => (tables.isEmpty ? Promise.resolve([]) : listTables(aws, tables)),
    describeTable: describe,
    query: async (query) => queryTable(query, await describe(query.table), { read, principalId, keyring }),
    getItem: async (query) => getItem(query, await describe(query.table), read)
  };
}

/** One sentence for what is not there and for what the principal may not see. */
const notFound = (name: string): string => `Table "${name}" does not exist, or you may not see it. list_tables shows those that you may.`;

const wordsFor = (name: string): Pick<AwsRequest<unknown>, "subject" | "notFound" | "explain"> => ({
  subject: `Table "${name}"`,
  notFound: notFound(name),
  explain: explainRefusal
});

const listAnswer = z.object({ TableNames: z.array(z.string()), LastEvaluatedTableName: z.string().optional() });

async function listTables(aws: Aws, tables: NameList): Promise<readonly string[]> {
  const found: string[] = [];
  let start: string | undefined;
  do {
    const input = start === undefined ? {} : { ExclusiveStartTableName: start };
    const words = { subject: "The list of tables", notFound: "AWS has no tables here." };
    const page = await aws.read({ action: "DynamoDB_20120810.ListTables", input, answer: listAnswer, ...words });
    found.push(...page.TableNames.filter((name) => tables.includes(name)));
    start = page.LastEvaluatedTableName;
  } while (start !== undefined);
  return found;
}

const itemAnswer = z.object({
  Item: z.unknown().optional(),
  ConsumedCapacity: z.object({ CapacityUnits: z.number().optional() }).optional()
});

async function getItem({ table, key, names, projection }: ItemQuery, schema: Table, read: ReadTable) {
  const Key = checkItemKey(key, { of: `table "${table}"`, schema });
  checkPlaceholders({ projection: projection?.join(" ") }, { names, values: {} });
  const aliases = new Aliases({ names: {}, values: {} });
  const keys = keysOf(schema).map(({ name }) => name);
  const expression = projection && writeProjection(projection, keys, names, aliases);
  const answer = await read(
    "GetItem",
    table,
    {
      Key,
      ReturnConsumedCapacity: "TOTAL",
      ...(expression !== undefined && { ProjectionExpression: expression, ExpressionAttributeNames: aliases.names })
    },
    itemAnswer
  );
  return {
    item: isJsonObject(answer.Item) ? toPlainItem(answer.Item) : undefined,
    capacityUnits: answer.ConsumedCapacity?.CapacityUnits ?? 0
  };
}
