import { describe, expect, it } from "vitest";
import { numberFromBase32, numberToBase32, toBase32 } from "../../../src/lib/base32.ts";

describe("base 32", () => {
  it("writes bytes as Crockford's alphabet does", () => {
    expect(toBase32(new Uint8Array([0xff, 0x00, 0x01]))).toBe("zw002");
    expect(toBase32(new Uint8Array(5))).toBe("00000000");
  });

  it.each([0, 1, 31, 32, 1234567, Number.MAX_SAFE_INTEGER])("reads %d back", (value) => {
    expect(numberFromBase32(numberToBase32(value))).toBe(value);
  });

  it.each(["", "u", "A", "zzzzzzzzzzz", "000000000000"])("does not read %j", (text) => {
    expect(numberFromBase32(text)).toBeUndefined();
  });
});
