import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Deadlines } from "../../../src/lib/deadlines.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("Deadlines", () => {
  it("runs each at its time, whatever the order in which they were added", () => {
    const deadlines = new Deadlines();
    const ran: string[] = [];
    deadlines.add(900, () => ran.push("late"));
    deadlines.add(500, () => ran.push("early"));
    vi.advanceTimersByTime(600);
    expect(ran).toEqual(["early"]);
    vi.advanceTimersByTime(300);
    expect(ran).toEqual(["early", "late"]);
  });

  it.each([
    ["at once", 5000, 0],
    ["within a second", 500, 1000]
  ])("holds one timer for all, and %s none when there is none to wait for", (_, delayMs, withinMs) => {
    const deadlines = new Deadlines();
    const held = Array.from({ length: 100 }, (_value, i) => deadlines.add(delayMs + i, () => {}));
    expect(vi.getTimerCount()).toBe(1);
    for (const deadline of held) deadline.cancel();
    vi.advanceTimersByTime(withinMs);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("never runs one that was cancelled", () => {
    const deadlines = new Deadlines();
    const action = vi.fn();
    deadlines.add(100, action).cancel();
    deadlines.add(200, () => {});
    vi.advanceTimersByTime(1000);
    expect(action).not.toHaveBeenCalled();
  });
});
