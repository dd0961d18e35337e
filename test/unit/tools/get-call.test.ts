import { expect, it } from "vitest";
import { DEFAULTS } from "../../../src/config.ts";
import { textOf, toFittingResult } from "../../../src/mcp/calls/tool-result.ts";
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

it("leads to a kept answer that does not fit a message with the arguments, and shows one that does", async () => {
  const output = { text: "\u8a9e".repeat(15_000) };
  const record = { title: "An answer of echo", state: "complete", type: "application/json" };
  const lines = [{ line: 1, text: JSON.stringify(output), isCut: false }];
  const results = { read: async () => ({ record, lines, nextLine: undefined }) };
  const read = async (args: string) => {
    const watch = async (): Promise<WatchedCall> => ({
      ...RUNNING,
      outcome: "ok",
      arguments: args,
      preview: "p".repeat(500),
      result: "res_a"
    });
    const ctx = { signal: new AbortController().signal, history: { watch }, results } as unknown as Context;
    const { result } = toFittingResult(getCall, await getCall.run({ call: RUNNING.call, waitSeconds: 0 }, ctx), DEFAULTS.call.inlineBytes);
    return { text: textOf(result), output: (result.structuredContent as { output?: unknown }).output };
  };
  expect(await read("{}")).toMatchObject({ output });
  const long = await read("\u8a9e".repeat(8192));
  expect(long.output).toBeUndefined();
  expect(long.text).toContain("It leads to res_a: read_result reads it.");
});
