import type { JsonObject } from "../../lib/json.ts";
import type { KeyAttribute, KeySchema, KeyType } from "../../mcp/dynamodb.ts";
import { InvalidInput } from "../../mcp/errors.ts";
import { type AttributeValue, toAttributeValue } from "./attribute-values.ts";
import { type Comparison, parseKeyCondition } from "./key-condition.ts";
import { type Placeholders, resolveName } from "./placeholders.ts";

/** A comparison whose name and operands are resolved. */
export interface KeyComparison {
  readonly key: KeyAttribute;
  readonly operator: Comparison["operator"];
  readonly operands: readonly AttributeValue[];
}

/** A key schema and what it is of, as a sentence names it: `table orders`. */
export interface Keyed {
  readonly of: string;
  readonly schema: KeySchema;
}

/**
 * Reads a key condition and checks it against the keys: all of the partition key by equality, and of the sort key what comes first,
 * by one comparison that is no equality at most.
 * @throws InvalidInput naming the key and what is wrong.
 */
export function checkKeyCondition(text: string, placeholders: Placeholders, keyed: Keyed): readonly KeyComparison[] {
  const { of, schema } = keyed;
  const comparisons = parseKeyCondition(text).map(({ name, operator, operands }): KeyComparison => {
    const attribute = resolveName(name, placeholders.names, "keyCondition");
    const key = keysOf(schema).find((candidate) => candidate.name === attribute);
    if (!key)
      throw new InvalidInput(
        `keyCondition names "${attribute}", which is no key of ${of}. ${describeKeys(schema)} Use filter for other attributes.`
      );
    return { key, operator, operands: operands.map((operand) => readOperand(operand, key, placeholders.values)) };
  });
  requireOnce(comparisons, keyed);
  requirePartitionKey(comparisons, keyed);
  requireSortKeyInOrder(comparisons, keyed);
  for (const comparison of comparisons) checkOperator(comparison);
  return comparisons;
}

/** Checks that a key is that of one item of a table. @throws InvalidInput naming what is missing, too much or of another type. */
export function checkItemKey(key: JsonObject, { of, schema }: Keyed): Record<string, AttributeValue> {
  const attributes = keysOf(schema);
  const missing = attributes.find(({ name }) => !Object.hasOwn(key, name));
  if (missing) throw new InvalidInput(`key lacks "${missing.name}" of ${of}. ${describeKeys(schema)}`);
  const extra = Object.keys(key).find((name) => !attributes.some((attribute) => attribute.name === name));
  if (extra !== undefined) throw new InvalidInput(`key holds "${extra}", which is no key of ${of}. ${describeKeys(schema)}`);
  return Object.fromEntries(
    attributes.map((attribute) => {
      const where = `"${attribute.name}" in key`;
      const value = toAttributeValue(key[attribute.name], where);
      requireType(value, attribute, where);
      return [attribute.name, value];
    })
  );
}

/** All attributes of both keys. */
export const keysOf = ({ partitionKey, sortKey }: KeySchema): readonly KeyAttribute[] => [...partitionKey, ...sortKey];

/** What a table or index is keyed by, in a sentence. */
function describeKeys({ partitionKey, sortKey }: KeySchema): string {
  const shown = (keys: readonly KeyAttribute[]) => keys.map(({ name, type }) => `"${name}" (${type})`).join(" and ");
  const partition = `Its partition key is ${shown(partitionKey)}`;
  return sortKey.length > 0 ? `${partition}, its sort key ${shown(sortKey)}.` : `${partition}; it has no sort key.`;
}

function requireOnce(comparisons: readonly KeyComparison[], { of }: Keyed): void {
  const again = comparisons.find(({ key }, position) => comparisons.findIndex((other) => other.key === key) !== position);
  if (again) throw new InvalidInput(`keyCondition compares the key "${again.key.name}" of ${of} more than once. Use BETWEEN for a range.`);
}

function requirePartitionKey(comparisons: readonly KeyComparison[], { of, schema }: Keyed): void {
  for (const key of schema.partitionKey) {
    const operator = comparisons.find((comparison) => comparison.key === key)?.operator;
    if (operator === undefined)
      throw new InvalidInput(
        `keyCondition does not name the partition key "${key.name}" of ${of}. ${describeKeys(schema)} Begin with ${key.name} = :value.`
      );
    if (operator !== "=")
      throw new InvalidInput(
        `keyCondition compares the partition key "${key.name}" of ${of} by ${operator}, and it can be compared by = only.`
      );
  }
}

/** Concerns sort keys of several attributes: they are compared from the first on, and only the last one by anything but equality. */
function requireSortKeyInOrder(comparisons: readonly KeyComparison[], { of, schema: { sortKey } }: Keyed): void {
  const operators = sortKey.map((key) => comparisons.find((comparison) => comparison.key === key)?.operator);
  operators.forEach((operator, position) => {
    const before = operators[position - 1];
    if (operator === undefined || position === 0 || before === "=") return;
    throw new InvalidInput(
      `keyCondition compares the sort key "${sortKey[position]?.name}" of ${of}, but not "${sortKey[position - 1]?.name}" before it by =.`
    );
  });
}

function readOperand(placeholder: string, key: KeyAttribute, values: JsonObject): AttributeValue {
  if (!Object.hasOwn(values, placeholder))
    throw new InvalidInput(`values lacks ${placeholder}, which keyCondition compares the key "${key.name}" with.`);
  const value = toAttributeValue(values[placeholder], placeholder);
  requireType(value, key, placeholder);
  return value;
}

const TYPES: Readonly<Record<KeyType, string>> = { string: "S", number: "N", binary: "B" };

function requireType(value: AttributeValue, { name, type }: KeyAttribute, where: string): void {
  const held = value[TYPES[type]];
  if (held === undefined) throw new InvalidInput(`${where} is not a ${type}, and the key "${name}" is one${HINTS[type]}.`);
  if (held === "") throw new InvalidInput(`${where} is empty, and the key "${name}" never is.`);
}

const HINTS: Readonly<Record<KeyType, string>> = { string: "", number: "", binary: ': write {"$binary": "<base64>"}' };

function checkOperator({ key, operator, operands }: KeyComparison): void {
  if (operator === "begins_with" && key.type === "number")
    throw new InvalidInput(`keyCondition uses begins_with on the key "${key.name}", which is a number. Use BETWEEN, <, <=, > or >=.`);
  const [lower, upper] = operands;
  if (operator === "BETWEEN" && lower && upper && isBefore(upper, lower, key.type))
    throw new InvalidInput(
      `keyCondition has the bounds of BETWEEN for the key "${key.name}" the wrong way round: the lower one stands first.`
    );
}

/** In the order of DynamoDB: numbers by value, and all else by its bytes. What a double cannot tell apart is left to DynamoDB. */
function isBefore(a: AttributeValue, b: AttributeValue, type: KeyType): boolean {
  if (type === "number") return Number(a.N) < Number(b.N);
  const bytesOf = (value: AttributeValue) => (type === "binary" ? Buffer.from(String(value.B), "base64") : Buffer.from(String(value.S)));
  return Buffer.compare(bytesOf(a), bytesOf(b)) < 0;
}
