import { isJsonObject, type Json, type JsonObject } from "../../lib/json.ts";
import { toVisible } from "../../lib/visible-text.ts";
import { InvalidInput, UpstreamFailed } from "../../mcp/errors.ts";
import { isExactNumber, isNumber } from "./exact-number.ts";

/**
 * A value as DynamoDB writes it: an object of one member, named after its type.
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
 */
export type AttributeValue = JsonObject;

/** Reads an item as plain JSON. Its texts and names are visible text only, so a value that holds other characters is not found by what is shown. */
export function toPlainItem(item: unknown): JsonObject {
  if (!isJsonObject(item)) throw unreadable();
  const plain = Object.entries(item).map(([name, value]): [string, Json] => [toVisible(name), toPlain(value)]);
  const names = new Set(plain.map(([name]) => name));
  if (names.size === plain.length) return Object.fromEntries(plain);
  // Names that look the same are told apart by a number: no attribute takes the place of another.
  const taken = new Set<string>();
  return Object.fromEntries(plain.map(([name, value]) => [nameApart(name, names, taken), value]));
}

function nameApart(name: string, names: ReadonlySet<string>, taken: Set<string>): string {
  let apart = name;
  for (let count = 2; taken.has(apart) || (apart !== name && names.has(apart)); count++) apart = `${name} (${count})`;
  taken.add(apart);
  return apart;
}

/** Reads a value as plain JSON: see {@link DynamoDb} for the marks. @throws UpstreamFailed for what is no value. */
export function toPlain(value: unknown): Json {
  if (!isJsonObject(value)) throw unreadable();
  const [[type, held] = ["", undefined]] = Object.entries(value);
  switch (type) {
    case "S":
      return toVisible(textOf(held));
    case "N":
      return toPlainNumber(textOf(held));
    case "B":
      return { $binary: textOf(held) };
    case "BOOL":
      return held === true;
    case "NULL":
      return null;
    case "L":
      return listOf(held).map(toPlain);
    case "M": {
      const map = toPlainItem(held);
      return isMarked(map) ? { $map: map } : map;
    }
    case "SS":
      return { $set: listOf(held).map((each) => toVisible(textOf(each))) };
    case "NS":
      return { $set: listOf(held).map((each) => toPlainNumber(textOf(each))) };
    case "BS":
      return { $set: listOf(held).map((each) => ({ $binary: textOf(each) })) };
    default:
      throw unreadable();
  }
}

/**
 * Writes plain JSON as DynamoDB does.
 * @param where what the value is, as a sentence names it.
 * @throws InvalidInput naming it.
 */
export function toAttributeValue(value: Json | undefined, where: string): AttributeValue {
  if (value === undefined || value === null) return { NULL: true };
  if (typeof value === "string") return { S: value };
  if (typeof value === "boolean") return { BOOL: value };
  if (typeof value === "number") return { N: toNumberText(value, where) };
  if (Array.isArray(value)) return { L: value.map((each) => toAttributeValue(each, where)) };
  return isMarked(value) ? fromMarked(value, where) : { M: toMap(value, where) };
}

const MARKS = ["$number", "$binary", "$set", "$map"];

/** Whether an object has one member, and that is a mark. */
function isMarked(value: JsonObject): boolean {
  const [name, ...others] = Object.keys(value);
  return name !== undefined && others.length === 0 && MARKS.includes(name);
}

const toPlainNumber = (text: string): Json => (isExactNumber(text) ? Number(text) : { $number: text });

/** What is beyond 2^53 has lost digits before it came here. */
function toNumberText(value: number, where: string): string {
  if (Number.isInteger(value) && !Number.isSafeInteger(value))
    throw new InvalidInput(`${where} is beyond 2^53, where JSON numbers lose digits. Write it as {"$number": "…"}.`);
  return String(value);
}

function toMap(value: JsonObject, where: string): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, toAttributeValue(member, where)]));
}

function fromMarked({ $number, $binary, $set, $map }: JsonObject, where: string): AttributeValue {
  if (typeof $number === "string" && isNumber($number)) return { N: $number };
  if (typeof $binary === "string" && isBase64($binary)) return { B: $binary };
  if (Array.isArray($set)) return fromSet($set, where);
  if (isJsonObject($map)) return { M: toMap($map, where) };
  throw new InvalidInput(
    `${where} has a mark that cannot be read. Write {"$number": "<decimal>"}, {"$binary": "<base64>"}, {"$set": […]} or {"$map": {…}}.`
  );
}

function fromSet(members: readonly Json[], where: string): AttributeValue {
  const values = members.map((member) => toAttributeValue(member, where));
  const [type, ...others] = new Set(values.flatMap((value) => Object.keys(value)));
  if (others.length > 0 || (type !== "S" && type !== "N" && type !== "B"))
    throw new InvalidInput(`${where} is a set, which holds one or more strings, numbers or binaries, all of one type.`);
  return { [`${type}S`]: values.map((value) => value[type] ?? null) };
}

/** https://www.rfc-editor.org/rfc/rfc4648#section-4 */
const isBase64 = (text: string): boolean => /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text);

function textOf(value: Json | undefined): string {
  if (typeof value !== "string") throw unreadable();
  return value;
}

function listOf(value: Json | undefined): readonly Json[] {
  if (!Array.isArray(value)) throw unreadable();
  return value;
}

const unreadable = () => new UpstreamFailed("DynamoDB answered an item that could not be read.");
