import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { CallEnd, CallStart } from "../../../src/mcp/history.ts";
import { Calls } from "../../../src/stores/calls.ts";

const start: CallStart = { tool: "echo", startedMs: 1000, era: "sessionful", client: "test/1", arguments: '{"a":1}' };
const end: CallEnd = { outcome: "ok", durationMs: 5, preview: "done", error: undefined };

let names = 0;
const inObject = <T>(act: (storage: DurableObjectStorage, first: () => number) => T, name = `calls-${names++}`): Promise<T> =>
  runInDurableObject(env.SESSION.get(env.SESSION.idFromName(name)), (_, { storage }) => {
    let firsts = 0;
    return act(storage, () => firsts++);
  });

describe("Calls", () => {
  it("stores nothing before there is a call", async () => {
    const tables = await inObject((storage) => {
      new Calls(storage, () => {});
      return storage.sql.exec("SELECT name FROM sqlite_master").toArray();
    });
    expect(tables).toEqual([]);
  });

  it("writes one row for a call that has ended, and five for the first of an object, the alarm included", async () => {
    const written = await inObject((storage) => {
      const calls = new Calls(storage, () => {});
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
    // The table's two and the row; the schema's version and the alarm are one each beside them, which makes five.
    expect(written).toEqual({ first: [2, 1], next: [1] });
  });

  it("lists the newest first, a page at a time", async () => {
    const pages = await inObject((storage) => {
      const calls = new Calls(storage, () => {});
      for (let i = 0; i < 5; i++) calls.append({ ...start, ...end, startedMs: i });
      const first = calls.list({ limit: 2 });
      const second = calls.list({ limit: 2, cursor: first.nextCursor });
      const third = calls.list({ limit: 2, cursor: second.nextCursor });
      return [first, second, third].map(({ calls: page, nextCursor }) => [page.map(({ seq }) => seq), nextCursor !== undefined]);
    });
    expect(pages).toEqual([
      [[5, 4], true],
      [[3, 2], true],
      [[1], false]
    ]);
  });

  it("finds calls by tool, outcome, time and text, and takes % and _ as they are", async () => {
    const found = await inObject((storage) => {
      const calls = new Calls(storage, () => {});
      calls.append({ ...start, ...end, tool: "alpha", preview: "100% sure" });
      calls.append({ ...start, ...end, tool: "beta", outcome: "error", startedMs: 2000, preview: "100 sure" });
      const seqs = (query: object) => calls.list({ limit: 10, ...query }).calls.map(({ seq }) => seq);
      return {
        tool: seqs({ tool: "beta" }),
        outcome: seqs({ outcome: "error" }),
        since: seqs({ sinceMs: 2000 }),
        until: seqs({ untilMs: 2000 }),
        text: seqs({ text: "100%" }),
        underscore: seqs({ text: "_" })
      };
    });
    expect(found).toEqual({ tool: [2], outcome: [2], since: [2], until: [1], text: [1], underscore: [] });
  });

  it("finds text of any length, in whatever case", async () => {
    const long = "the quick brown fox jumps over the lazy dog ".repeat(4);
    const found = await inObject((storage) => {
      const calls = new Calls(storage, () => {});
      calls.append({ ...start, ...end, preview: undefined, arguments: long.toUpperCase() });
      calls.append({ ...start, ...end });
      return calls.list({ limit: 10, text: long }).calls.map(({ seq }) => seq);
    });
    expect(found).toEqual([1]);
  });

  it("calls what was in flight unknown, once the object has started again", async () => {
    const outcomes = await inObject((storage) => {
      const before = new Calls(storage, () => {});
      before.open(start, "pending");
      before.open(start, "running");
      before.settle(before.open(start, "pending"), end);
      const after = new Calls(storage, () => {});
      return [1, 2, 3].map((seq) => after.get(seq)?.outcome);
    });
    expect(outcomes).toEqual(["unknown", "unknown", "ok"]);
  });

  it("tells of the first call once in the life of the object", async () => {
    const firsts = await inObject((storage, first) => {
      for (let incarnation = 0; incarnation < 3; incarnation++) new Calls(storage, first).append({ ...start, ...end });
      return first();
    });
    expect(firsts).toBe(1);
  });

  it("refuses a cursor that it did not make", async () => {
    await expect(inObject((storage) => new Calls(storage, () => {}).list({ limit: 1, cursor: "?" }))).rejects.toThrow("cursor");
  });
});
