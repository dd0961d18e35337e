import { describe, expect, it } from "vitest";
import { toAttributeValue, toPlain } from "../../../../src/clients/dynamodb/attribute-values.ts";
import { isExactNumber } from "../../../../src/clients/dynamodb/exact-number.ts";
import type { Json } from "../../../../src/lib/json.ts";

const there = (plain: Json) => toAttributeValue(plain, ":v");

describe("a value of DynamoDB", () => {
  it.each<[object, Json]>([
    [{ S: "" }, ""],
    [{ S: "żółw 🐢" }, "żółw 🐢"],
    [{ N: "0" }, 0],
    [{ N: "-12.5" }, -12.5],
    [{ N: "9007199254740991" }, 9007199254740991],
    [{ N: "9007199254740993" }, { $number: "9007199254740993" }],
    [{ N: "3.14159265358979323846" }, { $number: "3.14159265358979323846" }],
    [{ N: "0.1" }, 0.1],
    [{ N: "1e-130" }, 1e-130],
    [{ N: "9.99e125" }, { $number: "9.99e125" }],
    [{ B: "AAEC" }, { $binary: "AAEC" }],
    [{ BOOL: false }, false],
    [{ NULL: true }, null],
    [{ L: [{ N: "1" }, { L: [] }, { S: "a" }] }, [1, [], "a"]],
    [{ M: { a: { M: {} }, "b.c": { BOOL: true } } }, { a: {}, "b.c": true }],
    [{ SS: ["a", "b"] }, { $set: ["a", "b"] }],
    [{ NS: ["1", "9007199254740993"] }, { $set: [1, { $number: "9007199254740993" }] }],
    [{ BS: ["AA==", "AQ=="] }, { $set: [{ $binary: "AA==" }, { $binary: "AQ==" }] }],
    [{ M: { $set: { S: "a" } } }, { $map: { $set: "a" } }],
    [{ M: { $map: { M: { $number: { S: "1" } } } } }, { $map: { $map: { $map: { $number: "1" } } } }],
    [{ M: { $set: { S: "a" }, more: { N: "1" } } }, { $set: "a", more: 1 }]
  ])("%j is %j, there and back", (value, plain) => {
    expect(toPlain(value)).toEqual(plain);
    expect(there(plain)).toEqual(value);
  });

  it("keeps every attribute's name, those of objects' own too", () => {
    const value = JSON.parse('{"M":{"__proto__":{"S":"a"},"constructor":{"N":"1"}}}') as object;
    expect(JSON.stringify(toPlain(value))).toBe('{"__proto__":"a","constructor":1}');
    expect(JSON.stringify(there(toPlain(value)))).toBe(JSON.stringify(value));
  });

  it("is shown without what nobody sees, in names too", () => {
    expect(toPlain({ M: { "na\u200bme": { S: "hi\u202e\u{e0041}" }, set: { SS: ["a\u00ad"] } } })).toEqual({
      name: "hi",
      set: { $set: ["a"] }
    });
  });

  it("keeps each attribute where names look the same", () => {
    const map = { "na\u200bme": { N: "1" }, name: { N: "2" }, "name (2)": { N: "3" }, "n\u200bame": { N: "4" } };
    expect(toPlain({ M: map })).toEqual({ name: 1, "name (2)": 3, "name (3)": 2, "name (4)": 4 });
  });

  it.each([null, {}, "a", { X: "1" }, { S: 1 }, { L: {} }, { M: [] }, { N: null }])("is refused where it is none: %j", (value) => {
    expect(() => toPlain(value)).toThrow("DynamoDB answered an item that could not be read.");
  });
});

describe("plain JSON", () => {
  it.each<[Json, string]>([
    [2 ** 53, 'is beyond 2^53, where JSON numbers lose digits. Write it as {"$number": "…"}.'],
    [{ $number: "12a" }, "has a mark that cannot be read."],
    [{ $number: 12 }, "has a mark that cannot be read."],
    [{ $binary: "not base 64" }, "has a mark that cannot be read."],
    [{ $map: [] }, "has a mark that cannot be read."],
    [{ $set: [] }, "is a set, which holds one or more strings, numbers or binaries, all of one type."],
    [{ $set: ["a", 1] }, "is a set, which holds one or more"],
    [{ $set: [true] }, "is a set, which holds one or more"],
    [[{ deep: [{ $set: [[]] }] }], "is a set, which holds one or more"]
  ])("%j is no value, and the fault names it", (plain, words) => {
    expect(() => there(plain)).toThrow(`:v ${words}`);
  });

  it.each([
    ["0.30000000000000004", true],
    ["0.3000000000000000444", false],
    ["1E+2", true],
    ["1e400", false],
    ["0x10", false],
    ["", false],
    [".", false],
    ["Infinity", false]
  ])("the number %j is exact: %s", (text, isExact) => {
    expect(isExactNumber(text)).toBe(isExact);
  });
});
