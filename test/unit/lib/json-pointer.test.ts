import { describe, expect, it } from "vitest";
import type { Json } from "../../../src/lib/json.ts";
import { readPointer, valueAt } from "../../../src/lib/json-pointer.ts";

// The example of https://www.rfc-editor.org/rfc/rfc6901#section-5, and what must not be found.
const document: Json = { foo: ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "m~n": 8, "~1": 9, none: null };

const at = (pointer: string) => {
  const tokens = readPointer(pointer);
  return tokens && valueAt(document, tokens);
};

describe("a JSON Pointer", () => {
  it.each<[string, Json]>([
    ["", document],
    ["/foo", ["bar", "baz"]],
    ["/foo/0", "bar"],
    ["/", 0],
    ["/a~1b", 1],
    ["/c%d", 2],
    ["/m~0n", 8],
    ["/~01", 9],
    ["/none", null]
  ])("finds what stands at %j", (pointer, value) => expect(at(pointer)).toEqual(value));

  it.each([
    ["/foo/2"],
    ["/foo/-"],
    ["/foo/-1"],
    ["/foo/00"],
    ["/foo/1.0"],
    ["/foo/length"],
    ["/foo/0/0"],
    ["/foo/0/length"],
    ["/none/x"],
    ["/nothing"],
    ["/__proto__"],
    ["/constructor"],
    ["/toString"]
  ])("finds nothing at %j", (pointer) => expect(at(pointer)).toBeUndefined());

  it.each([["foo"], ["#/foo"], ["/m~n"], ["/m~2"], ["/m~"]])("is not %j", (pointer) => expect(readPointer(pointer)).toBeUndefined());
});
