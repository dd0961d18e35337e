import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { CallEnd, CallStart } from "../../../src/mcp/history.ts";
import { Calls } from "../../../src/stores/calls.ts";
import { SessionRecord } from "../../../src/stores/session-record.ts";

const start: CallStart = { tool: "echo", startedMs: 1000, era: "sessionful", client: "test/1", trace: undefined, arguments: '{"a":1}' };
const end: CallEnd = { outcome: "ok", durationMs: 5, preview: "done", error: undefined };
const facts = { home: "nobody", client: "test/1", issuedMs: 0, expiresMs: 1 };

let names = 0;
const inObject = <T>(act: (storage: DurableObjectStorage) => T): Promise<T> =>
  runInDurableObject(env.SESSION.get(env.SESSION.idFromName(`calls-${names++}`)), (_, { storage }) => act(storage));

const createCalls = (storage: DurableObjectStorage) => new Calls(storage, new SessionRecord(storage, () => facts));

/** What is to be shipped: how each call stands, oldest first. */
const toShip = (calls: Calls) => calls.unshipped(50).map(({ outcome }) => outcome);

describe("Calls", () => {
  it("stores nothing before there is a call", async () => {
    const tables = await inObject((storage) => {
      expect(createCalls(storage).unshipped(10)).toEqual([]);
      return storage.sql.exec("SELECT name FROM sqlite_master").toArray();
    });
    expect(tables).toEqual([]);
  });

  it("writes one row for a call that has ended, and five for the first of an object, the alarm included", async () => {
    const written = await inObject((storage) => {
      const calls = createCalls(storage);
      const rows: number[] = [];
      const exec = storage.sql.exec.bind(storage.sql);
      storage.sql.exec = ((query: string, ...bindings: SqlStorageValue[]) => {
        const cursor = exec(query, ...bindings);
        if (cursor.rowsWritten > 0) rows.push(cursor.rowsWritten);
        return cursor;
      }) as typeof storage.sql.exec;
      calls.append({ ...start, ...end });
      const first = rows.splice(0);
      calls.append({ ...start, ...end });
      return { first, next: rows };
    });
    // The table's two and the row; what the session knows of itself and the alarm are one each beside them, which makes five.
    expect(written).toEqual({ first: [2, 1], next: [1] });
  });

  it("numbers calls by the clock, and never gives a number twice, not even that of a call that was deleted", async () => {
    const seqs = await inObject((storage) => {
      const calls = createCalls(storage);
      const given = [calls.append({ ...start, ...end }), calls.append({ ...start, ...end })];
      calls.markShipped(calls.unshipped(50));
      calls.drop(given);
      return [...given, createCalls(storage).append({ ...start, ...end })];
    });
    expect(new Set(seqs).size).toBe(3);
    expect(seqs.toSorted((a, b) => a - b)).toEqual(seqs);
  });

  it("calls what was in flight unknown, once the object has started again", async () => {
    const outcomes = await inObject((storage) => {
      const before = createCalls(storage);
      before.open(start, "pending");
      before.open(start, "running");
      before.settle(before.open(start, "pending"), end);
      return toShip(createCalls(storage));
    });
    expect(outcomes).toEqual(["unknown", "unknown", "ok"]);
  });

  it("leads from a call that was lost to the stored result that it had begun", async () => {
    const results = await inObject((storage) => {
      const before = createCalls(storage);
      const [lost, emptied] = [before.open(start, "running"), before.open(start, "running")];
      before.markShipped(before.unshipped(50));
      for (const seq of [lost, emptied]) before.noteResult(seq, "res_begun");
      before.noteResult(emptied, undefined);
      return createCalls(storage)
        .unshipped(50)
        .map(({ outcome, result }) => [outcome, result]);
    });
    expect(results).toEqual([
      ["unknown", "res_begun"],
      ["unknown", undefined]
    ]);
  });

  it("ships each call once, and again what was open when it was shipped and is settled", async () => {
    const shipped = await inObject((storage) => {
      const calls = createCalls(storage);
      calls.append({ ...start, ...end });
      const open = calls.open(start, "pending");
      const first = calls.unshipped(50);
      calls.markShipped(first);
      const between = [toShip(calls), calls.hasUnsettled];
      calls.settle(open, end);
      const second = calls.unshipped(50);
      calls.markShipped(second);
      return { first: first.length, between, second: second.map(({ outcome }) => outcome), after: [toShip(calls), calls.hasUnsettled] };
    });
    expect(shipped).toEqual({ first: 2, between: [[], true], second: ["ok"], after: [[], false] });
  });

  it("ships what became unknown because the object was lost after it had been shipped open", async () => {
    const outcomes = await inObject((storage) => {
      const before = createCalls(storage);
      before.open(start, "pending");
      before.markShipped(before.unshipped(50));
      return toShip(createCalls(storage));
    });
    expect(outcomes).toEqual(["unknown"]);
  });

  it("gives a batch again whose arrival it was not told of", async () => {
    const seqs = await inObject((storage) => {
      const calls = createCalls(storage);
      for (let i = 0; i < 3; i++) calls.append({ ...start, ...end });
      return [calls.unshipped(2), calls.unshipped(2), createCalls(storage).unshipped(2)].map((batch) => batch.map(({ seq }) => seq));
    });
    expect(seqs[1]).toEqual(seqs[0]);
    expect(seqs[2]).toEqual(seqs[0]);
  });

  it("drops what home has, and keeps what is open", async () => {
    const left = await inObject((storage) => {
      const calls = createCalls(storage);
      calls.append({ ...start, ...end });
      calls.open(start, "running");
      calls.markShipped(calls.unshipped(50));
      calls.append({ ...start, ...end });
      calls.dropShipped();
      return storage.sql.exec("SELECT outcome FROM calls ORDER BY seq").toArray();
    });
    expect(left).toEqual([{ outcome: "running" }, { outcome: "ok" }]);
  });

  it("waits for no call that was deleted, though it was shipped open and nobody knows whether home was told of its end", async () => {
    const waits = await inObject((storage) => {
      const calls = createCalls(storage);
      const open = calls.open(start, "pending");
      calls.markShipped(calls.unshipped(50));
      calls.settle(open, end);
      calls.unshipped(50); // home took it, and the answer was lost
      calls.drop([open]);
      return [calls.hasUnsettled, createCalls(storage).hasUnsettled];
    });
    expect(waits).toEqual([false, false]);
  });
});
