import { expect, it } from "vitest";
import { DEFAULTS } from "../../../src/config.ts";
import { utf8Bytes } from "../../../src/lib/text.ts";
import type { Context } from "../../../src/mcp/context.ts";
import type { RecordedCall } from "../../../src/mcp/history.ts";
import { recentCalls } from "../../../src/resources/recent-calls.ts";
import { listCalls } from "../../../src/tools/history/list-calls.ts";

const ctxOf = (count: number, shown: string) => {
  const call: RecordedCall = {
    call: "call_0123abcd_zzzzzzz_0000",
    session: "ses_0123abcd_0_0000",
    trace: undefined,
    tool: "a_tool_with_the_longest_name_that_the_protocol_allows_for_a_tool_",
    outcome: "cancelled",
    startedMs: 1_795_000_000_000,
    durationMs: 900_000,
    era: "sessionful",
    client: "test/1",
    arguments: shown.repeat(100),
    preview: shown.repeat(100),
    error: undefined
  };
  const list = async () => ({ calls: Array<RecordedCall>(count).fill(call), nextCursor: "zzzzzzz.0123abcd" });
  return { history: { list } } as unknown as Context;
};

it.each([["plain text"], ['"quotes" and \\'], ["\u8a9e"], ["\u{1f600}"], ["\u0001"]])(
  "fits a hundred calls into one message: %j",
  async (shown) => {
    const output = await listCalls.run({ limit: 100 }, ctxOf(100, shown));
    for (const half of [listCalls.structured?.render(output) ?? "", JSON.stringify(output)])
      expect(utf8Bytes(half)).toBeLessThan(DEFAULTS.call.inlineBytes);
  }
);

it("shows the newest as a resource as it lists them, however long they are", async () => {
  const body = JSON.stringify(await recentCalls.read({}, ctxOf(20, "\u8a9e".repeat(80))));
  expect(utf8Bytes(body)).toBeLessThan(DEFAULTS.call.inlineBytes);
  expect(JSON.parse(body)).toEqual({
    calls: ((await listCalls.run({ limit: 20 }, ctxOf(20, "\u8a9e".repeat(80)))) as { calls: unknown }).calls
  });
});

it("shows more of each of a few, and marks what was cut", async () => {
  const { calls } = (await listCalls.run({ limit: 20 }, ctxOf(2, "words "))) as { calls: { preview: string }[] };
  expect(calls[0]?.preview).toMatch(/^(words ){66}w?…$/);
});
