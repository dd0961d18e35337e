import { describe, expect, it } from "vitest";
import { canonicalJson } from "../../../src/lib/canonical-json.ts";
import type { Json } from "../../../src/lib/json.ts";

describe("canonicalJson", () => {
  it("writes the same text whatever the order of the members, at any depth", () => {
    const one = JSON.parse('{"b":[{"y":1,"x":2}],"a":null}') as Json;
    const other = JSON.parse('{ "a": null, "b": [ { "x": 2, "y": 1 } ] }') as Json;
    expect(canonicalJson(one)).toBe('{"a":null,"b":[{"x":2,"y":1}]}');
    expect(canonicalJson(other)).toBe(canonicalJson(one));
  });

  it("keeps the order of an array: it has a meaning", () => {
    expect(canonicalJson([2, 1])).not.toBe(canonicalJson([1, 2]));
  });

  // https://www.rfc-editor.org/rfc/rfc8785#section-3.2.3
  it("sorts members by UTF-16 units as the RFC's own example does", () => {
    const names = ["\u20ac", "\r", "\ufb33", "1", "\ud83d\ude00", "\u0080", "\u00f6"];
    const written = canonicalJson(Object.fromEntries(names.map((name) => [name, 0])));
    expect(Object.keys(JSON.parse(written) as object)).toHaveLength(7);
    expect(written).toBe('{"\\r":0,"1":0,"\u0080":0,"\u00f6":0,"\u20ac":0,"\ud83d\ude00":0,"\ufb33":0}');
  });

  it.each(['{"__proto__":{"a":1},"constructor":2}', '{"":0}', '"\\ud800"', "-1.5e+300", "[[],{}]", "true"])(
    "writes %s as it is",
    (text) => {
      expect(canonicalJson(JSON.parse(text) as Json)).toBe(text);
    }
  );

  it("leaves out a member that is undefined, as JSON.stringify does", () => {
    expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}');
  });
});
