import { describe, expect, it } from "vitest";
import { nestsDeeperThan } from "../../../src/lib/json.ts";

describe("nestsDeeperThan", () => {
  it.each([
    ["arrays at the limit", `${"[".repeat(64)}${"]".repeat(64)}`, false],
    ["arrays beyond it", `${"[".repeat(65)}${"]".repeat(65)}`, true],
    ["objects beyond it", `${'{"a":'.repeat(65)}1${"}".repeat(65)}`, true],
    ["many siblings", `[${"[],".repeat(1000)}1]`, false],
    ["brackets in strings", `["${"[".repeat(100)}"]`, false],
    ["brackets after an escaped quote", `["\\"${"[".repeat(100)}"]`, false],
    ["brackets after an escaped backslash", `["\\\\",${"[".repeat(64)}`, true],
    ["text that never closes", "[".repeat(1_000_000), true]
  ])("sees %s", (_, text, isDeeper) => {
    expect(nestsDeeperThan(text, 64)).toBe(isDeeper);
  });
});
