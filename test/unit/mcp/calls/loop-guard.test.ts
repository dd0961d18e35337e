import { describe, expect, it } from "vitest";
import { LoopGuard } from "../../../../src/mcp/calls/loop-guard.ts";

const SECOND = 1000;
const LIMITS = { calls: 5, windowMs: 60 * SECOND, remembered: 100 };
const KEY = LoopGuard.keyOf("session", "get_weather", { place: "Berlin" });

/** Answers a call at each of the times, if it may run; tells which were let through. */
function callAt(guard: LoopGuard, timesMs: readonly number[], answerOf: (nowMs: number) => string = () => "rain"): boolean[] {
  return timesMs.map((nowMs) => {
    const isAllowed = guard.check(KEY, nowMs);
    if (isAllowed) guard.record(KEY, answerOf(nowMs), nowMs);
    return isAllowed;
  });
}

const everySecond = (count: number, fromMs = 0): number[] => Array.from({ length: count }, (_, i) => fromMs + i * SECOND);

describe("the loop guard", () => {
  it("refuses the sixth equal call after five equal answers", () => {
    expect(callAt(new LoopGuard(LIMITS), everySecond(7))).toEqual([true, true, true, true, true, false, false]);
  });

  it("lets a call through again when the first of the five is a window old", () => {
    const guard = new LoopGuard(LIMITS);
    callAt(guard, everySecond(5));
    expect(callAt(guard, [60 * SECOND - 1, 60 * SECOND, 60 * SECOND])).toEqual([false, true, false]);
  });

  it("never refuses what is asked less often than five times in the window", () => {
    const everyFifteenSeconds = Array.from({ length: 50 }, (_, i) => i * 15 * SECOND);
    expect(callAt(new LoopGuard(LIMITS), everyFifteenSeconds)).not.toContain(false);
  });

  it("starts over at a different answer", () => {
    const guard = new LoopGuard(LIMITS);
    expect(callAt(guard, everySecond(9), (nowMs) => (nowMs === 4 * SECOND ? "sun" : "rain"))).not.toContain(false);
    expect(guard.check(KEY, 10 * SECOND)).toBe(true);
    callAt(guard, [10 * SECOND]);
    expect(guard.check(KEY, 11 * SECOND)).toBe(false);
  });

  it("does not mind other calls in between", () => {
    const guard = new LoopGuard(LIMITS);
    for (const nowMs of everySecond(5)) {
      callAt(guard, [nowMs]);
      guard.record(LoopGuard.keyOf("session", "get_weather", { place: `${nowMs}` }), "rain", nowMs);
    }
    expect(guard.check(KEY, 6 * SECOND)).toBe(false);
  });

  it("takes calls for equal whatever the order of their arguments", () => {
    const key = LoopGuard.keyOf("s", "search", { query: "a", filter: { from: 1, to: 2 } });
    expect(LoopGuard.keyOf("s", "search", { filter: { to: 2, from: 1 }, query: "a" })).toBe(key);
  });

  it.each([
    ["scopes", "other", "search", { query: "a" }],
    ["tools", "s", "find", { query: "a" }],
    ["arguments", "s", "search", { query: "b" }],
    ["texts that only read alike", "s", 'search"', { query: "a" }]
  ])("tells %s apart", (_, scope, tool, args) => {
    expect(LoopGuard.keyOf(scope, tool, args)).not.toBe(LoopGuard.keyOf("s", "search", { query: "a" }));
  });

  it("forgets the call that was answered longest ago when it has too many", () => {
    const guard = new LoopGuard({ ...LIMITS, remembered: 2 });
    const [first, second, third] = ["1", "2", "3"].map((place) => LoopGuard.keyOf("s", "get_weather", { place })) as [
      string,
      string,
      string
    ];
    const answer = (key: string, times: number) => {
      for (let i = 0; i < times; i++) guard.record(key, "rain", i);
    };
    answer(first, 5);
    answer(second, 5);
    answer(first, 1);
    answer(third, 1);
    expect([first, second].map((key) => guard.check(key, 10))).toEqual([false, true]);
  });

  it("keeps nothing of what was said in its keys", () => {
    expect(KEY).toMatch(/^[\w+/]{43}=$/);
  });
});
