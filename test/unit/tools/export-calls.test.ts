import { expect, it } from "vitest";
import type { Context } from "../../../src/mcp/context.ts";
import type { CallQuery, RecordedCall } from "../../../src/mcp/history.ts";
import { exportCalls } from "../../../src/tools/history/export-calls.ts";

const toCall = (number: number): RecordedCall => ({
  call: `call ${number}`,
  session: undefined,
  trace: undefined,
  tool: "echo",
  outcome: "ok",
  startedMs: number,
  durationMs: 1,
  era: "stateless",
  client: "test/1",
  arguments: "x".repeat(5000),
  preview: undefined,
  error: undefined
});

it("leaves no call out where others are deleted between two looks at a page that is too large", async () => {
  let kept = Array.from({ length: 30 }, (_, index) => toCall(30 - index));
  const list = async ({ cursor, limit }: CallQuery) => {
    const rest = kept.filter(({ startedMs }) => cursor === undefined || startedMs < Number(cursor));
    const calls = rest.slice(0, limit);
    kept = kept.filter(({ startedMs }) => startedMs !== 29 && startedMs !== 28); // somebody deletes them
    return { calls, nextCursor: rest.length > limit ? String(calls.at(-1)?.startedMs) : undefined };
  };
  const ctx = { history: { list } } as unknown as Context;
  const exported = new Set<string>();
  for (let cursor: string | undefined, isFirst = true; isFirst || cursor !== undefined; isFirst = false) {
    const page = (await exportCalls.run({ cursor }, ctx)) as { ndjson: string; nextCursor?: string };
    for (const line of page.ndjson.trim().split("\n")) exported.add((JSON.parse(line) as RecordedCall).call);
    cursor = page.nextCursor;
  }
  expect(kept.filter(({ call }) => !exported.has(call)).map(({ call }) => call)).toEqual([]);
});
