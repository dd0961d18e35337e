import { describe, expect, it } from "vitest";
import { checkItemKey, checkKeyCondition } from "../../../../src/clients/dynamodb/check-key.ts";
import type { JsonObject } from "../../../../src/lib/json.ts";
import type { KeyAttribute } from "../../../../src/mcp/dynamodb.ts";

const key = (name: string, type: KeyAttribute["type"] = "string"): KeyAttribute => ({ name, type });

const ORDERS = { of: 'table "orders"', schema: { partitionKey: [key("customer")], sortKey: [key("placed", "number")] } };
const NOTES = { of: 'table "notes"', schema: { partitionKey: [key("id")], sortKey: [key("title")] } };
const STOCK = { of: 'table "stock"', schema: { partitionKey: [key("sku", "binary")], sortKey: [] } };
const MATCHES = {
  of: 'index "byRound"',
  schema: { partitionKey: [key("tournament"), key("region")], sortKey: [key("round"), key("bracket"), key("match", "number")] }
};

const VALUES = { ":c": "c-1", ":n": 5, ":m": 9, ":b": { $binary: "AA==" }, ":empty": "" };

const check = (condition: string, on = ORDERS, values: JsonObject = VALUES, names: Record<string, string> = {}) =>
  checkKeyCondition(condition, { names, values }, on).map(({ key: { name }, operator, operands }) => [name, operator, ...operands]);

describe("a key condition", () => {
  it.each([
    ["customer = :c", [["customer", "=", { S: "c-1" }]]],
    [
      "customer=:c AND placed<=:n",
      [
        ["customer", "=", { S: "c-1" }],
        ["placed", "<=", { N: "5" }]
      ]
    ],
    [
      "((placed > :n)) and (customer = :c)",
      [
        ["placed", ">", { N: "5" }],
        ["customer", "=", { S: "c-1" }]
      ]
    ],
    [
      "customer = :c AND placed between :n and :m",
      [
        ["customer", "=", { S: "c-1" }],
        ["placed", "BETWEEN", { N: "5" }, { N: "9" }]
      ]
    ]
  ])("%s is read", (condition, comparisons) => {
    expect(check(condition)).toEqual(comparisons);
  });

  it("is read with placeholders of names, by begins_with, and of a binary key", () => {
    expect(check("#i = :c AND begins_with ( title , :c )", NOTES, VALUES, { "#i": "id" })).toEqual([
      ["id", "=", { S: "c-1" }],
      ["title", "begins_with", { S: "c-1" }]
    ]);
    expect(check("sku = :b", STOCK)).toEqual([["sku", "=", { B: "AA==" }]]);
  });

  it.each([
    [
      "placed = :n",
      'does not name the partition key "customer" of table "orders". Its partition key is "customer" (string), its sort key "placed" (number). Begin with customer = :value.'
    ],
    ["customer > :c", 'compares the partition key "customer" of table "orders" by >, and it can be compared by = only.'],
    ["begins_with(customer, :c)", 'compares the partition key "customer" of table "orders" by begins_with'],
    ["customer = :c AND customer = :c", 'compares the key "customer" of table "orders" more than once.'],
    [
      "customer = :c AND placed > :n AND placed < :m",
      'compares the key "placed" of table "orders" more than once. Use BETWEEN for a range.'
    ],
    ["customer = :c AND total > :n", 'names "total", which is no key of table "orders".'],
    ["customer = :n", ':n is not a string, and the key "customer" is one.'],
    ["customer = :c AND placed = :c", ':c is not a number, and the key "placed" is one.'],
    ["customer = :empty", ':empty is empty, and the key "customer" never is.'],
    ["customer = :c AND begins_with(placed, :n)", 'uses begins_with on the key "placed", which is a number.'],
    ["customer = :c AND placed BETWEEN :m AND :n", 'has the bounds of BETWEEN for the key "placed" the wrong way round'],
    ["customer = :nobody", 'values lacks :nobody, which keyCondition compares the key "customer" with.'],
    ["#c = :c", "names lacks #c, which keyCondition uses."],
    ["customer <> :c", 'compares "customer" by "<>". A key is compared by =, <, <=, >, >=, BETWEEN, begins_with'],
    ["customer IN (:c)", 'compares "customer" by "IN".'],
    ["contains(customer, :c)", 'compares "contains" by "(".'],
    ["customer = :c OR customer = :n", "takes no OR"],
    ["NOT customer = :c", "takes no NOT"],
    ["customer = 'c-1'", "has \"'c-1'\" where a placeholder for a value belongs."],
    ["customer = 5", 'has "5" where a placeholder for a value belongs.'],
    ["customer =", "has its end where a placeholder for a value belongs."],
    ["customer", 'compares "customer" by nothing.'],
    ["(customer = :c", 'has its end where ")" belongs.'],
    ["customer = :c)", 'cannot be read at ")".'],
    ["customer = :c AND", "cannot be read at its end."],
    ["customer = :c placed = :n", 'cannot be read at "placed".'],
    ["customer = :c AND placed BETWEEN :n", 'wants BETWEEN :lower AND :upper for "placed".'],
    ["; DROP", 'cannot be read at ";".']
  ])("%s is refused: %s", (condition, words) => {
    expect(() => check(condition)).toThrow(words);
  });

  it("names a fault of another type of key", () => {
    expect(() => check("sku = :c", STOCK)).toThrow(':c is not a binary, and the key "sku" is one: write {"$binary": "<base64>"}.');
    expect(() => check("sku = :b AND x = :n", STOCK)).toThrow('Its partition key is "sku" (binary); it has no sort key.');
    expect(() => check("id = :c AND title BETWEEN :z AND :a", NOTES, { ":c": "c", ":z": "é", ":a": "z" })).toThrow("the wrong way round");
  });

  it("of keys of several attributes names the whole partition key, and the sort key from its first on", () => {
    const values = { ":t": "winter", ":r": "north", ":x": "semi", ":m": 1 };
    const of = (condition: string) => check(condition, MATCHES, values);
    expect(of("tournament = :t AND region = :r AND round = :x AND bracket > :x")).toHaveLength(4);
    expect(() => of("tournament = :t")).toThrow('does not name the partition key "region" of index "byRound".');
    expect(() => of("tournament = :t AND region = :r AND bracket = :x")).toThrow(
      '"bracket" of index "byRound", but not "round" before it by =.'
    );
    expect(() => of("tournament = :t AND region = :r AND round > :x AND bracket = :x")).toThrow('but not "round" before it by =.');
  });
});

describe("the key of an item", () => {
  it("is written as DynamoDB does", () => {
    expect(checkItemKey({ customer: "c-1", placed: 5 }, ORDERS)).toEqual({ customer: { S: "c-1" }, placed: { N: "5" } });
  });

  it.each<[JsonObject, string]>([
    [
      { customer: "c-1" },
      'key lacks "placed" of table "orders". Its partition key is "customer" (string), its sort key "placed" (number).'
    ],
    [{ customer: "c-1", placed: 5, total: 1 }, 'key holds "total", which is no key of table "orders".'],
    [{ customer: "c-1", placed: "5" }, '"placed" in key is not a number, and the key "placed" is one.'],
    [{ customer: "", placed: 5 }, '"customer" in key is empty, and the key "customer" never is.'],
    [{ customer: null, placed: 5 }, '"customer" in key is not a string']
  ])("%j is refused: %s", (given, words) => {
    expect(() => checkItemKey(given, ORDERS)).toThrow(words);
  });
});
