import { afterEach, describe, expect, it, vi } from "vitest";
import type { Context } from "../../../src/mcp/context.ts";
import { NotFound, UpstreamLimited } from "../../../src/mcp/errors.ts";
import type { LogEvent, LogQuery } from "../../../src/mcp/logs.ts";
import type { Results } from "../../../src/mcp/results.ts";
import { analyzeLogs } from "../../../src/tools/logs/analyze-logs.ts";
import { FROM_START, inHome, readAll, SMALL } from "../session/stored-results.ts";

const START_MS = Date.UTC(2026, 7, 1);

const toEvent = (index: number): LogEvent => ({ timestampMs: START_MS + index * 1000, stream: "web/0", message: `INFO event ${index}` });

/** Pages of events of a group that begins at the start, as the service gives them: those of the window. */
async function* pagesOf(events: number, { startMs, endMs }: LogQuery): AsyncGenerator<LogEvent[]> {
  const all = Array.from({ length: events }, (_, index) => toEvent(index));
  const found = all.filter(({ timestampMs }) => timestampMs >= startMs && timestampMs <= endMs);
  for (let from = 0; from < found.length; from += 50) yield found.slice(from, from + 50);
}

/** The same with seven events in each millisecond. */
async function* crowdedPagesOf(events: number, { startMs, endMs }: LogQuery): AsyncGenerator<LogEvent[]> {
  const all = Array.from({ length: events }, (_, index) => ({ ...toEvent(index), timestampMs: START_MS + Math.floor(index / 7) }));
  const found = all.filter(({ timestampMs }) => timestampMs >= startMs && timestampMs <= endMs);
  for (let from = 0; from < found.length; from += 50) yield found.slice(from, from + 50);
}

interface Answer {
  readonly matched: number;
  readonly stored: number;
  readonly result?: string;
  readonly storeFrom?: string;
  readonly continueFrom?: string;
  readonly notKept?: string;
}

const analyze = async (results: Results, filter: (query: LogQuery) => AsyncIterable<readonly LogEvent[]>, args: object = {}) => {
  const ctx = { results, logs: { filter }, signal: new AbortController().signal, progress: async () => {} } as unknown as Context;
  const input = { logGroup: "/shop/web", startTime: START_MS, endTime: START_MS + 1e9, limit: 10_000, ...args };
  return (await analyzeLogs.run(input, ctx)) as unknown as Answer;
};

const indexesOf = (lines: readonly { readonly text: string }[]) =>
  lines.map(({ text }) => Number((JSON.parse(text) as LogEvent).message.split(" ").at(-1)));

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

afterEach(() => {
  vi.restoreAllMocks();
});

describe("an analysis of logs", () => {
  it("stores each event as a line", () =>
    inHome(async ({ results }) => {
      const answer = await analyze(results, (query) => pagesOf(120, query));
      expect(answer).toMatchObject({ matched: 120, stored: 120, isComplete: true, firstSeen: "2026-08-01T00:00:00.000Z" });
      const lines = await readAll(results, answer.result ?? "");
      expect(indexesOf(lines)).toEqual(range(0, 120));
      expect(JSON.parse(lines[1]?.text ?? "")).toEqual({
        ...{ timestamp: "2026-08-01T00:00:01.000Z", stream: "web/0", level: "info", message: "INFO event 1" }
      });
      expect(await results.get(answer.result ?? "")).toMatchObject({ state: "complete", type: "application/x-ndjson" });
    }));

  it("counts on when the result is full, and goes on storing where it is told to", () =>
    inHome(async ({ results }) => {
      const first = await analyze(results, (query) => pagesOf(300, query));
      expect(first.matched).toBe(300);
      expect(first.stored).toBeLessThan(300);
      expect(await results.get(first.result ?? "")).toMatchObject({ state: "cut", lines: first.stored });
      const second = await analyze(results, (query) => pagesOf(300, query), { startTime: first.storeFrom });
      const stored = [...(await readAll(results, first.result ?? "")), ...(await readAll(results, second.result ?? ""))];
      expect(indexesOf(stored)).toEqual(range(0, 300));
    }));

  it("answers without a result where there is no room, says what to delete, and leaves nothing behind", () =>
    inHome(
      async ({ results }) => {
        const full = await analyze(results, (query) => pagesOf(150, query));
        const answer = await analyze(results, (query) => pagesOf(150, query));
        expect(answer).toMatchObject({ matched: 150, stored: 0, levels: [{ level: "info", count: 150 }] });
        expect(answer.notKept).toContain("delete_result");
        expect(answer).not.toHaveProperty("result");
        expect((await results.list(10)).map(({ result }) => result)).toEqual([full.result]);
        await results.remove(full.result ?? "");
        expect(await analyze(results, (query) => pagesOf(150, query))).toMatchObject({ stored: 150 });
      },
      { ...SMALL, quotaBytes: 20 * 1024 }
    ));

  it("counts on when its result is deleted while it grows", () =>
    inHome(async ({ results }) => {
      const deleteAll = async () => {
        for (const { result } of await results.list(10)) await results.remove(result);
      };
      for (const events of [1200, 50]) {
        const answer = await analyze(results, async function* (query) {
          for await (const page of pagesOf(events, query)) {
            yield page;
            await deleteAll();
          }
        });
        expect(answer).toMatchObject({ matched: events, isComplete: true, stored: 0, notKept: expect.stringContaining("was deleted") });
        expect(answer).not.toHaveProperty("result");
      }
      expect(await results.list(10)).toEqual([]);
    }));

  it("stops at its limit and goes on where it says", () =>
    inHome(async ({ results }) => {
      const first = await analyze(results, (query) => pagesOf(120, query), { limit: 50 });
      expect(first).toMatchObject({ matched: 50, stored: 50, isComplete: false, continueFrom: "2026-08-01T00:00:50.000Z" });
      const second = await analyze(results, (query) => pagesOf(120, query), { startTime: first.continueFrom, limit: 70 });
      expect(second).toMatchObject({ matched: 70, isComplete: true });
    }));

  it("keeps what was counted when the service has had enough", () =>
    inHome(async ({ results }) => {
      const answer = await analyze(results, async function* (query) {
        yield* pagesOf(60, query);
        throw new UpstreamLimited("Try again in a minute.");
      });
      const at = { continueFrom: "2026-08-01T00:00:59.000Z", stoppedBy: "Try again in a minute." };
      // Nobody knows whether the last millisecond was whole.
      expect(answer).toMatchObject({ matched: 59, stored: 59, isComplete: false, ...at });
      expect(await results.get(answer.result ?? "")).toMatchObject({ state: "cut", lines: 59 });
    }));

  it.each([
    ["its limit", { limit: 50 }, "continueFrom"],
    ["the end of its room", {}, "storeFrom"]
  ] as const)("goes on after %s and has each event once, where many are of one millisecond", (_, args, goOn) =>
    inHome(
      async ({ results }) => {
        const stored: number[] = [];
        let matched = 0;
        for (let startTime: unknown = START_MS, calls = 0; startTime !== undefined; calls++) {
          expect(calls).toBeLessThan(20);
          const answer = await analyze(results, (query) => crowdedPagesOf(310, query), { ...args, startTime });
          stored.push(...indexesOf(await readAll(results, answer.result ?? "")));
          expect(answer.stored).toBe((await results.get(answer.result ?? "")).lines);
          matched = goOn === "storeFrom" ? 310 : matched + answer.matched;
          startTime = answer[goOn];
        }
        expect({ stored, matched }).toEqual({ stored: range(0, 310), matched: 310 });
      },
      { ...SMALL, quotaBytes: 1024 * 1024, maxResults: 50 }
    )
  );

  it("says what to do where more events than its limit are of one millisecond", () =>
    inHome(async ({ results }) => {
      const answer = await analyze(results, (query) => crowdedPagesOf(100, query), { limit: 5 });
      expect(answer).toMatchObject({ matched: 5, stored: 5, isComplete: false, continueFrom: "2026-08-01T00:00:00.000Z" });
      expect(answer).toMatchObject({
        stoppedBy: "More than 5 events are of one millisecond. Analyze with a higher limit, which counts these again."
      });
    }));

  it("counts on across a millisecond of more events than are held", () =>
    inHome(async ({ results }) => {
      const answer = await analyze(
        results,
        async function* (query) {
          yield Array.from({ length: 25_000 }, () => ({ ...toEvent(0), timestampMs: query.startMs }));
        },
        { limit: 30_000 }
      );
      expect(answer).toMatchObject({ matched: 25_000, isComplete: true });
    }));

  it("answers what it has counted before its time is up, and goes on from there", () =>
    inHome(async ({ results }) => {
      vi.spyOn(Date, "now").mockReturnValue(START_MS + 1e9);
      const answer = await analyze(results, async function* (query) {
        for await (const page of pagesOf(170, query)) {
          yield page;
          vi.mocked(Date.now).mockReturnValue(Date.now() + 8 * 60_000);
        }
      });
      expect(answer).toMatchObject({ matched: 149, stored: 149, isComplete: false, continueFrom: "2026-08-01T00:02:29.000Z" });
      expect(answer).toMatchObject({ stoppedBy: expect.stringContaining("13 minutes") });
    }));

  it("of nothing stores an empty result, which can be read", () =>
    inHome(async ({ results }) => {
      const answer = await analyze(results, (query) => pagesOf(0, query));
      expect(answer).toMatchObject({ matched: 0, stored: 0, isComplete: true, levels: [], repeated: [] });
      const record = { state: "complete", type: "application/x-ndjson", sizeBytes: 0, lines: 0 };
      expect(await results.read(answer.result ?? "", FROM_START)).toMatchObject({ record, lines: [] });
      expect(await results.list(10)).toMatchObject([record]);
    }));

  it("of nothing says what to delete where there is no room for a result", () =>
    inHome(
      async ({ results }) => {
        await analyze(results, (query) => pagesOf(0, query));
        const answer = await analyze(results, (query) => pagesOf(0, query));
        expect(answer).toMatchObject({ matched: 0, stored: 0, notKept: expect.stringContaining("delete_result") });
        expect(answer).not.toHaveProperty("result");
      },
      { ...SMALL, maxResults: 1 }
    ));

  it("stores nothing when it fails before its first event", () =>
    inHome(async ({ results }) => {
      // biome-ignore lint/correctness/useYield: it fails before it has anything to yield
      const failing = analyze(results, async function* () {
        throw new NotFound("There is no such group.");
      });
      await expect(failing).rejects.toThrow("There is no such group.");
      expect(await results.list(10)).toEqual([]);
    }));

  it("ends what it stores when it fails", () =>
    inHome(async ({ results }) => {
      const failing = analyze(results, async function* (query) {
        yield* pagesOf(60, query);
        throw new Error("cancelled");
      });
      await expect(failing).rejects.toThrow("cancelled");
      expect(await results.list(10)).toMatchObject([{ state: "cut", lines: 59 }]);
    }));
});
