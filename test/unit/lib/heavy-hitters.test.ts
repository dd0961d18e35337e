import { expect, it } from "vitest";
import { HeavyHitters } from "../../../src/lib/heavy-hitters.ts";

/** Numbers below a bound, the same each time. */
function* numbers(seed: number): Generator<number> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

/** Few keys come often and many seldom. */
const drawn = (count: number, keys: number, seed: number): string[] => {
  const random = numbers(seed);
  return Array.from({ length: count }, () => `key ${Math.floor(keys * (random.next().value as number) ** 4)}`);
};

const exactly = (keys: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
};

it("counts exactly while there are no more different keys than rows", () => {
  const keys = drawn(20_000, 50, 1);
  const sketch = new HeavyHitters(50);
  for (const key of keys) sketch.add(key);
  const expected = [...exactly(keys)].sort(([one, count], [other, more]) => more - count || (one < other ? -1 : 1));
  expect(sketch.isExact).toBe(true);
  expect(sketch.top(100)).toEqual(expected.map(([key, count]) => ({ key, count, overBy: 0 })));
});

it.each([1, 2, 3, 4, 5])("never counts too few, nor over by more than it says, with seed %d", (seed) => {
  const keys = drawn(30_000, 5000, seed);
  const sketch = new HeavyHitters(200);
  for (const key of keys) sketch.add(key);
  const truth = exactly(keys);
  expect(sketch.isExact).toBe(false);
  expect(sketch.size).toBe(200);
  const top = sketch.top(200);
  for (const { key, count, overBy } of top) {
    expect(count).toBeGreaterThanOrEqual(truth.get(key) ?? 0);
    expect(count - overBy).toBeLessThanOrEqual(truth.get(key) ?? 0);
    expect(overBy).toBeLessThanOrEqual(keys.length / 200);
  }
  const held = new Set(top.map(({ key }) => key));
  for (const [key, count] of truth) if (count > keys.length / 200) expect(held).toContain(key);
});

it("keeps its size when every key is another", () => {
  const sketch = new HeavyHitters(100);
  for (let n = 0; n < 100_000; n++) sketch.add(`key ${n}`);
  expect(sketch.size).toBe(100);
  expect(sketch.top(1)[0]?.count).toBeLessThanOrEqual(1000);
});
