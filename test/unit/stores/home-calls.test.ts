import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { Call, CallEnd, CallStart } from "../../../src/mcp/history.ts";
import { HomeCalls } from "../../../src/stores/home-calls.ts";
import { HomeRecord } from "../../../src/stores/home-record.ts";

const OWN = "0wn00000";
const start: CallStart = {
  tool: "echo",
  startedMs: Date.now(),
  era: "stateless",
  client: "test/1",
  trace: undefined,
  arguments: '{"a":1}'
};
const end: CallEnd = { outcome: "ok", durationMs: 5, preview: "done", error: undefined };

let names = 0;
const inHome = <T>(act: (calls: HomeCalls, storage: DurableObjectStorage) => T): Promise<T> =>
  runInDurableObject(env.HOME.get(env.HOME.idFromName(`home:calls-${names++}`)), (_, { storage }) => act(createCalls(storage), storage));

const createCalls = (storage: DurableObjectStorage) => new HomeCalls(storage, new HomeRecord(storage, () => {}), OWN);
const all = { session: undefined };
const of = (seq: number, how: Partial<Call> = {}): Call => ({ ...start, ...end, seq, ...how });

describe("HomeCalls", () => {
  it("writes one row for a call of the stateless era", async () => {
    const rows = await inHome((calls, storage) => {
      calls.append({ ...start, ...end });
      const before = storage.sql.exec("SELECT total_changes() AS changes").one().changes;
      calls.append({ ...start, ...end });
      return Number(storage.sql.exec("SELECT total_changes() AS changes").one().changes) - Number(before);
    });
    expect(rows).toBe(1);
  });

  it("lists the calls of all sessions, the newest first, a page at a time", async () => {
    const pages = await inHome((calls) => {
      calls.take("aaaaaaaa", [of(1), of(3), of(4)], 0);
      calls.take("bbbbbbbb", [of(2), of(4)], 0);
      const first = calls.list({ ...all, limit: 2 });
      const second = calls.list({ ...all, limit: 2, cursor: first.nextCursor });
      const third = calls.list({ ...all, limit: 2, cursor: second.nextCursor });
      return [first, second, third].map(({ calls: page, nextCursor }) => [
        page.map(({ seq, session }) => `${seq}${session[0]}`),
        nextCursor !== undefined
      ]);
    });
    expect(pages).toEqual([
      [["4b", "4a"], true],
      [["3a", "2b"], true],
      [["1a"], false]
    ]);
  });

  it("finds calls by session, tool, outcome, time and text, and takes % and _ as they are", async () => {
    const early = start.startedMs - 10_000;
    const found = await inHome((calls) => {
      calls.append({ ...start, ...end, startedMs: early, tool: "alpha", preview: "100% sure" });
      calls.append({ ...start, ...end, tool: "beta", outcome: "error", preview: "100 sure" });
      calls.take("aaaaaaaa", [of(1, { tool: "gamma", startedMs: 0 })], 0);
      const tools = (query: object) => calls.list({ ...all, limit: 10, ...query }).calls.map(({ tool }) => tool);
      return {
        session: tools({ session: "aaaaaaaa" }),
        tool: tools({ tool: "beta" }),
        outcome: tools({ outcome: "error" }),
        since: tools({ sinceMs: start.startedMs }),
        until: tools({ untilMs: start.startedMs, sinceMs: 1 }),
        text: tools({ text: "100%" }),
        underscore: tools({ text: "_" })
      };
    });
    expect(found).toEqual({
      session: ["gamma"],
      tool: ["beta"],
      outcome: ["beta"],
      since: ["beta"],
      until: ["alpha"],
      text: ["alpha"],
      underscore: []
    });
  });

  it("finds text of any length, in whatever case", async () => {
    const long = "the quick brown fox jumps over the lazy dog ".repeat(4);
    const found = await inHome((calls) => {
      calls.append({ ...start, ...end, preview: undefined, arguments: long.toUpperCase() });
      calls.append({ ...start, ...end });
      return calls.list({ ...all, limit: 10, text: long }).calls.length;
    });
    expect(found).toBe(1);
  });

  it("changes nothing when a shipment comes twice, and never replaces what is settled by what is not", async () => {
    const outcomes = await inHome((calls) => {
      calls.take("aaaaaaaa", [of(1), of(2, { outcome: "pending", durationMs: undefined })], 0);
      calls.take("aaaaaaaa", [of(1, { outcome: "pending" }), of(2, { outcome: "ok" })], 2);
      calls.take("aaaaaaaa", [of(2, { outcome: "pending" })], 2);
      return calls.list({ ...all, limit: 10 }).calls.map(({ seq, outcome }) => `${seq} ${outcome}`);
    });
    expect(outcomes).toEqual(["2 ok", "1 ok"]);
  });

  it("does not take back what was deleted when it is shipped again", async () => {
    const left = await inHome((calls) => {
      calls.take("aaaaaaaa", [of(1), of(2)], 0);
      calls.delete([{ session: "aaaaaaaa", seq: 1 }], 10);
      calls.take("aaaaaaaa", [of(1), of(2)], 2);
      return calls.list({ ...all, limit: 10 }).calls.map(({ seq }) => seq);
    });
    expect(left).toEqual([2]);
  });

  it("deletes what matches a filter, so many at a time, and leaves what is not settled", async () => {
    const [first, second, left] = await inHome((calls) => {
      calls.take("aaaaaaaa", [of(1), of(2), of(3), of(4, { outcome: "running" })], 0);
      calls.take("bbbbbbbb", [of(5)], 0);
      const remove = () => calls.delete({ session: "aaaaaaaa" }, 2).map(({ seq }) => seq);
      return [remove(), remove(), calls.list({ ...all, limit: 10 }).calls.map(({ seq }) => seq)];
    });
    expect(new Set(first)).toEqual(new Set([1, 2]));
    expect(second).toEqual([3]);
    expect(left).toEqual([5, 4]);
  });

  it("counts calls, failures and durations by tool, day and outcome", async () => {
    const activity = await inHome((calls) => {
      const day = Date.UTC(2026, 5, 1);
      calls.take("aaaaaaaa", [of(1, { startedMs: day, durationMs: 10 }), of(2, { startedMs: day + 86_400_000, durationMs: 30 })], 0);
      calls.take("bbbbbbbb", [of(3, { startedMs: day, tool: "other", outcome: "error", durationMs: 2 })], 0);
      return calls.summarize(all);
    });
    expect(activity).toEqual({
      total: { name: "all", calls: 3, failures: 1, averageMs: 14, longestMs: 30 },
      byTool: [
        { name: "echo", calls: 2, failures: 0, averageMs: 20, longestMs: 30 },
        { name: "other", calls: 1, failures: 1, averageMs: 2, longestMs: 2 }
      ],
      byDay: [
        { name: "2026-06-02", calls: 1, failures: 0, averageMs: 30, longestMs: 30 },
        { name: "2026-06-01", calls: 2, failures: 1, averageMs: 6, longestMs: 10 }
      ],
      byOutcome: { ok: 2, error: 1 }
    });
  });

  it("calls what was in flight in home itself unknown after a loss, and not what a session has in flight", async () => {
    const outcomes = await inHome((before, storage) => {
      before.open(start, "pending");
      before.take("aaaaaaaa", [of(1, { outcome: "pending" })], 0);
      const after = createCalls(storage);
      return after.list({ ...all, limit: 10 }).calls.map(({ outcome }) => outcome);
    });
    expect(outcomes).toEqual(["unknown", "pending"]);
  });

  it("leads from a call of its own that was lost to the stored result that it had begun, and from no session's", async () => {
    const results = await inHome((before, storage) => {
      const seq = before.open(start, "running");
      before.take("aaaaaaaa", [{ ...of(1, { outcome: "running" }), seq }], 0);
      before.noteResult(seq, "res_begun");
      const { calls } = createCalls(storage).list({ ...all, limit: 10 });
      return calls.map(({ outcome, result }) => [outcome, result]);
    });
    expect(new Map(results as [string, unknown][])).toEqual(
      new Map([
        ["unknown", "res_begun"],
        ["running", undefined]
      ])
    );
  });

  it("forgets what is older than the retention", async () => {
    const [isLeft, kept, isEmpty] = await inHome((calls) => {
      calls.take("aaaaaaaa", [of(1)], 0);
      calls.append({ ...start, ...end });
      const some = calls.prune(Date.now() - 60_000);
      return [some, calls.list({ ...all, limit: 10 }).calls.length, !calls.prune(Date.now() + 60_000)];
    });
    expect([isLeft, kept, isEmpty]).toEqual([true, 1, true]);
  });

  it("counts the bursts that calls came in: those of one session within a few seconds", async () => {
    const counted = await inHome((calls) => {
      const startedMs = Date.now() - 100_000;
      calls.take("aaaaaaaa", [of(1), of(2, { startedMs: 0 })], 0); // numbers from before the time
      const later = [0, 1, 4_999, 5_000].map((ms, index) => of(10 ** 12 + index, { startedMs: startedMs - (startedMs % 5000) + ms }));
      calls.take("aaaaaaaa", later, 2);
      calls.take("bbbbbbbb", later.slice(0, 1), 0);
      calls.append({ ...start, ...end });
      return calls.count(startedMs - 10_000, 5000);
    });
    expect(counted).toEqual({ kept: 8, calls: 6, durationMs: 30, sessionCalls: 5, bursts: 4, sessionBursts: 3 });
  });

  it("counts nothing where nothing is", async () => {
    const counted = await inHome((calls) => {
      calls.append({ ...start, ...end });
      return calls.count(Date.now() + 60_000, 5000);
    });
    expect(counted).toEqual({ kept: 1, calls: 0, durationMs: 0, sessionCalls: 0, bursts: 0, sessionBursts: 0 });
  });

  it("refuses a cursor that it did not make", async () => {
    await expect(
      inHome((calls) => {
        calls.append({ ...start, ...end });
        calls.list({ ...all, limit: 1, cursor: "?" });
      })
    ).rejects.toThrow("cursor");
  });
});
