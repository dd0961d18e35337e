import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { Call, History } from "../../../../src/mcp/history.ts";
import { RunningCalls } from "../../../../src/mcp/running-calls.ts";
import { firstNumberAt } from "../../../../src/mcp/signed/call-number.ts";
import { mintSessionHandle, ownerRef } from "../../../../src/mcp/signed/handle.ts";
import { createKeyring } from "../../../../src/mcp/signed/keyring.ts";
import { createHomeHistory, type HomeHistoryOptions, takeShipment } from "../../../../src/session/home/home-history.ts";
import { HomeCalls } from "../../../../src/stores/home-calls.ts";
import { HomeRecord } from "../../../../src/stores/home-record.ts";
import { HomeSessions } from "../../../../src/stores/home-sessions.ts";

const keyring = createKeyring("a secret of this test");
const START_MS = Date.UTC(2026, 5, 1);
const OTHERS = 2000;
/** Far fewer than there are. */
const FEW = 200;

/** A session's calls, one a minute, from a minute on. */
const shipmentOf = (firstMinute: number, count: number): Call[] =>
  Array.from({ length: count }, (_, index) => {
    const startedMs = START_MS + (firstMinute + index) * 60_000;
    const call = { tool: "echo", startedMs, era: "sessionful", client: "test/1", outcome: "ok", durationMs: 5 } as const;
    return { ...call, seq: firstNumberAt(startedMs), trace: undefined, arguments: "{}", preview: "done", error: undefined };
  });

const sessionOf = (name: string) => ({ name, client: "test/1", issuedMs: START_MS, expiresMs: START_MS * 2, endedMs: undefined });

const [MINE, OTHER, SILENT] = ["A", "B", "C"].map((letter) => letter.repeat(22)) as [string, string, string];

/** Runs with the history of a principal, and tells how many rows that read. */
const inHome = (act: (historyOf: (name: string) => History) => Promise<void>) =>
  runInDurableObject(env.HOME.get(env.HOME.idFromName(`home:${crypto.randomUUID()}`)), async (_, { storage }) => {
    const record = new HomeRecord(storage, () => {});
    const calls = new HomeCalls(storage, record, "0wn00000");
    const sessions = new HomeSessions(storage, record);
    const sessionDoor = () => {
      throw new Error("No session is asked.");
    };
    const results = {
      get: () => Promise.reject(new Error("No call has one.")),
      remove: () => Promise.reject(new Error("No call has one."))
    };
    const running = new RunningCalls();
    const options: HomeHistoryOptions = { calls, sessions, keyring, own: "0wn00000", running, results, sizeBytes: () => 0, sessionDoor };
    takeShipment(options, sessionOf(OTHER), shipmentOf(0, OTHERS));
    takeShipment(options, sessionOf(MINE), shipmentOf(OTHERS / 2, 3));
    const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];
    const exec = storage.sql.exec.bind(storage.sql);
    Object.defineProperty(storage.sql, "exec", {
      value: (query: string, ...bindings: SqlStorageValue[]) => {
        const cursor = exec(query, ...bindings);
        cursors.push(cursor);
        return cursor;
      },
      configurable: true
    });
    await act((name) => createHomeHistory(options, { principalId: "key:test", session: ownerRef(name) }));
    return cursors.reduce((rows, { rowsRead }) => rows + rowsRead, 0);
  });

describe("the history of a principal", () => {
  it("finds a session's calls among those of others without reading the whole table", async () => {
    const found: number[] = [];
    const rowsRead = await inHome(async (historyOf) => {
      const handle = mintSessionHandle(keyring, "key:test", ownerRef(MINE));
      for (const session of ["this", handle]) {
        const page = await historyOf(MINE).list({ session, limit: 20 });
        found.push(page.calls.length, (await historyOf(MINE).summarize({ session })).total.calls);
      }
    });
    expect(found).toEqual([3, 3, 3, 3]);
    expect(rowsRead).toBeLessThan(FEW);
  });

  it("looks for nothing where a session has shipped nothing", async () => {
    const rowsRead = await inHome(async (historyOf) => {
      expect((await historyOf(SILENT).list({ session: "this", limit: 20 })).calls).toEqual([]);
    });
    expect(rowsRead).toBeLessThan(FEW);
  });

  it("reads all calls where no session is named", async () => {
    await inHome(async (historyOf) => {
      expect((await historyOf(MINE).summarize({})).total.calls).toBe(OTHERS + 3);
    });
  });
});
