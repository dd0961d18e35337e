import { expect, it } from "vitest";
import { foldMessage } from "../../../src/lib/fold-message.ts";

it.each([
  ["took 35ms, 12.5 s and 1,000 bytes", "took <*>ms, <*> s and <*>,<*> bytes"],
  ["2026-08-01T10:00:00.123Z started", "<time> started"],
  ["at 2026/08/01 10:00:00 and 10:00:01,5", "at <time> and <time>"],
  ["RequestId: 8f5c1f2e-6f0a-4f6e-9d58-0c3c7a1b2d3e END", "RequestId: <*> END"],
  ["commit deadbeef01 at 0x7ffd12", "commit <*> at <*>"],
  ["worker12 of shard-7 at 10.0.0.1:8080", "worker<*> of shard-<*> at <*>:<*>"],
  ["user usr_9xKq2 signed in", "user usr_<*> signed in"],
  [`no such table "orders \\"7\\"" for 'Ann'`, 'no such table "…" for "…"'],
  [`{"user":"ann","took":7}`, `{"user":"…","took":<*>}`],
  ["it can't, she won't", "it can't, she won't"],
  ["two  lines\n\tof one", "two lines of one"]
])("folds %j", (message, folded) => {
  expect(foldMessage(message)).toBe(folded);
});

it("takes messages for the same that differ in what changes only", () => {
  const fold = (id: number) => foldMessage(`order ord-${(id * 7919).toString(16)}0 of customer ${id} failed after ${id}.${id} ms`);
  expect(new Set(Array.from({ length: 500 }, (_, id) => fold(id + 1))).size).toBeLessThan(4);
});

it("takes a long message in no time and keeps little of it", () => {
  const startedMs = Date.now();
  for (const message of ["a".repeat(1e6), `"${"\\".repeat(1e6)}`, "'".repeat(1e6), "1.".repeat(1e6)])
    expect(foldMessage(message).length).toBeLessThanOrEqual(240);
  expect(Date.now() - startedMs).toBeLessThan(500);
});
