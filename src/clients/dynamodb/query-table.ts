import { z } from "zod";
import { canonicalJson } from "../../lib/canonical-json.ts";
import { isJsonObject, type Json, type JsonObject } from "../../lib/json.ts";
import type { KeySchema, QueryPage, Table, TableIndex, TableQuery } from "../../mcp/dynamodb.ts";
import { InvalidInput } from "../../mcp/errors.ts";
import type { Keyring } from "../../mcp/signed/keyring.ts";
import { seal, unseal } from "../../mcp/signed/seal.ts";
import { toAttributeValue, toPlainItem } from "./attribute-values.ts";
import { checkKeyCondition, type KeyComparison, keysOf } from "./check-key.ts";
import { Aliases, writeFilter, writeKeyCondition, writeProjection } from "./expressions.ts";
import { checkPlaceholders, placeholdersOf, resolveName } from "./placeholders.ts";
import type { ReadTable } from "./table.ts";

/** What a query is made with. */
export interface QueryMeans {
  readonly read: ReadTable;
  readonly principalId: string;
  readonly keyring: Keyring;
}

/**
 * Reads one page of a query with one request.
 * @throws InvalidInput for what does not fit the table's schema, before anything is sent.
 */
export async function queryTable(query: TableQuery, table: Table, { read, principalId, keyring }: QueryMeans): Promise<QueryPage> {
  const { schema, of } = sourceOf(query, table);
  const { keyCondition, filter, projection, names, values } = query;
  const comparisons = checkKeyCondition(keyCondition, { names, values }, { of, schema });
  requireProjected(query, table);
  checkPlaceholders({ keyCondition, filter, projection: projection?.join(" ") }, { names, values });
  const purpose = purposeOf(query, principalId);
  const input = toInput(query, comparisons, keyNames(table, schema));
  const page = await read("Query", query.table, { ...input, ...startOf(query.cursor, purpose, keyring) }, queryAnswer);
  const items = page.Items.slice(0, query.limit);
  const endAfter = (count: number) =>
    count < page.Items.length ? keyOf(items[count - 1], keyNames(table, schema)) : page.LastEvaluatedKey;
  return {
    items: items.map(toPlainItem),
    examined: page.ScannedCount ?? page.Items.length,
    capacityUnits: page.ConsumedCapacity?.CapacityUnits ?? 0,
    cursorAfter(count) {
      const end = endAfter(count);
      return isJsonObject(end) ? seal(keyring, purpose, JSON.stringify(end)) : undefined;
    }
  };
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html#API_Query_ResponseSyntax */
const queryAnswer = z.object({
  Items: z.array(z.unknown()),
  ScannedCount: z.number().optional(),
  LastEvaluatedKey: z.unknown().optional(),
  ConsumedCapacity: z.object({ CapacityUnits: z.number().optional() }).optional()
});

function sourceOf({ index }: TableQuery, table: Table): { readonly schema: KeySchema; readonly of: string } {
  if (index === undefined) return { schema: table, of: `table "${table.name}"` };
  const found: TableIndex | undefined = table.indexes.find(({ name }) => name === index);
  if (found) return { schema: found, of: `index "${index}"` };
  const known = table.indexes.map(({ name }) => `"${name}"`).join(", ");
  throw new InvalidInput(`Table "${table.name}" has no index "${index}". ${known ? `It has ${known}.` : "It has none at all."}`);
}

/**
 * A global index answers what it holds itself; a local one fetches the rest from the table.
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html#DDB-Query-request-Select
 */
function requireProjected({ index, projection, names }: TableQuery, table: Table): void {
  const found = table.indexes.find(({ name, kind }) => name === index && kind === "global");
  if (!found || found.projection === "all") return;
  const held = [...keyNames(table, found), ...found.attributes];
  const attributes = projection?.map((path) => resolveName(path.split(/[.[]/)[0] ?? "", names, "projection"));
  const absent = attributes?.find((attribute) => !held.includes(attribute));
  if (absent === undefined) return;
  const shown = held.map((name) => `"${name}"`).join(", ");
  throw new InvalidInput(
    `projection has "${absent}", which index "${index}" does not hold. It holds ${shown}; get_item reads the whole item.`
  );
}

/** The keys of an item where a page of a table, or of an index, may end. */
const keyNames = (table: KeySchema, index: KeySchema): readonly string[] => [
  ...new Set([...keysOf(table), ...keysOf(index)].map(({ name }) => name))
];

/** Keys are always read: where not all of a page is shown, the next goes on after the last item that is. */
function toInput(query: TableQuery, comparisons: readonly KeyComparison[], keys: readonly string[]): JsonObject {
  const { index, filter, projection, names, isDescending, limit } = query;
  const aliases = new Aliases(ofFilter(query));
  const keyCondition = writeKeyCondition(comparisons, aliases);
  const projected = projection && writeProjection(projection, keys, names, aliases);
  return {
    KeyConditionExpression: keyCondition,
    ScanIndexForward: !isDescending,
    ReturnConsumedCapacity: "TOTAL",
    // DynamoDB counts before it filters: a limit would make pages of few items, or of none.
    ...(filter === undefined ? { Limit: limit } : { FilterExpression: writeFilter(filter, aliases) }),
    ...(index !== undefined && { IndexName: index }),
    ...(projected !== undefined && { ProjectionExpression: projected }),
    ExpressionAttributeNames: aliases.names,
    ExpressionAttributeValues: aliases.values
  };
}

/** What the placeholders of the filter stand for: those of the other expressions are written anew. */
function ofFilter({ filter, names, values }: TableQuery) {
  const used = placeholdersOf(filter ?? "");
  return {
    names: Object.fromEntries(Object.entries(names).filter(([placeholder]) => used.includes(placeholder))),
    values: Object.fromEntries(
      Object.entries(values)
        .filter(([placeholder]) => used.includes(placeholder))
        .map(([placeholder, value]) => [placeholder, toAttributeValue(value, placeholder)])
    )
  };
}

/** Cursors are sealed for their caller and their query: for no other can they be opened. How much is read and shown may differ. */
function purposeOf({ table, index, keyCondition, filter, values, names, isDescending }: TableQuery, principalId: string): string {
  const query = { table, index, keyCondition, filter, values, names: { ...names }, isDescending };
  return `dynamodb-cursor:${canonicalJson({ principalId, ...query })}`;
}

function startOf(cursor: string | undefined, purpose: string, keyring: Keyring): JsonObject {
  if (cursor === undefined) return {};
  const key = unseal(keyring, purpose, cursor);
  if (key === undefined)
    throw new InvalidInput(
      "The cursor is not of this query: give it with the same table, index, condition, filter, values, names and order."
    );
  return { ExclusiveStartKey: JSON.parse(key) as Json }; // sealed by this server, so it is what it wrote
}

function keyOf(item: unknown, names: readonly string[]): JsonObject {
  const attributes = isJsonObject(item) ? item : {};
  return Object.fromEntries(names.map((name) => [name, attributes[name]]));
}
