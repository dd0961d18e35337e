import { expect, it } from "vitest";
import { DISTINCT_MESSAGES, LogAnalysis } from "../../../src/mcp/log-analysis.ts";

const START_MS = Date.UTC(2026, 7, 1);
const MINUTE_MS = 60_000;

it("counts as whoever made the events does", () => {
  const analysis = new LogAnalysis();
  for (let n = 0; n < 1200; n++) {
    const level = n % 10 === 0 ? "ERROR" : "INFO";
    const text = n % 10 === 0 ? `could not reach "host-${n}" in ${n} ms` : `served request ${n}`;
    expect(analysis.add({ timestampMs: START_MS + n * 1000, stream: "s", message: `${level} ${text}` })).toBe(level.toLowerCase());
  }
  const summary = analysis.summary();
  expect(summary).toEqual({
    events: 1200,
    levels: [
      { level: "error", count: 120 },
      { level: "info", count: 1080 }
    ],
    bucketMs: MINUTE_MS,
    buckets: Array.from({ length: 20 }, (_, minute) => ({ startMs: START_MS + minute * MINUTE_MS, count: 60 })),
    repeated: [
      { key: "INFO served request <*>", count: 1080, overBy: 0 },
      { key: 'ERROR could not reach "…" in <*> ms', count: 120, overBy: 0 }
    ],
    isExact: true,
    firstMs: START_MS,
    lastMs: START_MS + 1_199_000
  });
});

it("has nothing to say of nothing", () => {
  expect(new LogAnalysis().summary()).toMatchObject({ events: 0, levels: [], buckets: [], repeated: [], firstMs: undefined });
});

it.each([
  ["two hours", 120, MINUTE_MS],
  ["ten hours", 600, 5 * MINUTE_MS],
  ["four days", 4 * 1440, 60 * MINUTE_MS],
  ["a hundred days", 100 * 1440, 1440 * MINUTE_MS],
  ["fifty years", 50 * 365 * 1440, 360 * 1440 * MINUTE_MS]
])("counts %s in at most 120 buckets, and loses none", (_, minutes, bucketMs) => {
  const analysis = new LogAnalysis();
  const events = 20_000;
  for (let n = 0; n < events; n++)
    analysis.add({ timestampMs: Math.floor(START_MS - ((n * minutes) / events) * MINUTE_MS) - 1, stream: "s", message: "x" });
  const summary = analysis.summary();
  expect(summary.bucketMs).toBe(bucketMs);
  expect(summary.buckets.length).toBeLessThanOrEqual(120);
  expect(summary.buckets.reduce((sum, { count }) => sum + count, 0)).toBe(events);
});

it("holds no more rows after a million different messages than its bounds", () => {
  const analysis = new LogAnalysis();
  const word = (n: number) => [...n.toString(26)].map((digit) => String.fromCharCode(97 + Number.parseInt(digit, 26))).join("");
  for (let n = 0; n < 1_000_000; n++) analysis.add({ timestampMs: START_MS + n * 700, stream: "s", message: `ERROR ${word(n)}` });
  expect(analysis.size).toBeLessThanOrEqual(DISTINCT_MESSAGES + 120 + 7);
  expect(analysis.summary()).toMatchObject({ events: 1_000_000, levels: [{ level: "error", count: 1_000_000 }], isExact: false });
}, 30_000);
