import { expect, it } from "vitest";
import type { Context } from "../../../src/mcp/context.ts";
import type { WatchedCall } from "../../../src/mcp/history.ts";
import { getCall } from "../../../src/tools/history/get-call.ts";

const RUNNING: WatchedCall = {
  call: "call_0123abcd_zzzzzzz_0000",
  session: undefined,
  trace: undefined,
  tool: "echo",
  outcome: "running",
  startedMs: 1,
  durationMs: undefined,
  era: "stateless",
  client: "test/1",
  arguments: undefined,
  preview: undefined,
  error: undefined,
  progress: undefined
};

it("looks no further once whoever waited has gone", async () => {
  const client = new AbortController();
  let looks = 0;
  const watch = async (): Promise<WatchedCall> => {
    if (++looks === 2) client.abort();
    return RUNNING;
  };
  const ctx = { signal: client.signal, history: { watch } } as unknown as Context;
  await expect(getCall.run({ call: RUNNING.call, waitSeconds: 1 }, ctx)).rejects.toThrow("aborted");
  expect(looks).toBe(2);
});
