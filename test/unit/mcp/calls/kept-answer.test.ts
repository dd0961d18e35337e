import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { Deadlines } from "../../../../src/lib/deadlines.ts";
import { callTool } from "../../../../src/mcp/calls/call-tool.ts";
import type { Host, Invocation } from "../../../../src/mcp/calls/host.ts";
import { createCatalog } from "../../../../src/mcp/catalog.ts";
import type { Context } from "../../../../src/mcp/context.ts";
import { additive, defineTool, detachable } from "../../../../src/mcp/define-tool.ts";
import { NotFound } from "../../../../src/mcp/errors.ts";
import type { CallEnd, WatchedCall } from "../../../../src/mcp/history.ts";
import type { KeyedOutcome, Keys } from "../../../../src/mcp/idempotency.ts";
import type { Results } from "../../../../src/mcp/results.ts";
import { RunningCalls } from "../../../../src/mcp/running-calls.ts";
import { readCallDetails, textOfCall } from "../../../../src/tools/history/call-details.ts";
import { FROM_START, inHome, SMALL } from "../../session/stored-results.ts";

const INLINE_BYTES = 500;
const ATTACHED_MS = 10;

const face = {
  ...{ title: "A test", description: "Answers.", toolset: "test", scopes: [], annotations: additive },
  input: z.strictObject({ text: z.string() })
} as const;

const write = defineTool({
  ...{ ...face, name: "write_it" },
  output: z.object({ text: z.string() }),
  run: async ({ text }) => ({ text }),
  render: () => "Written."
});

const writeLong = defineTool({
  ...{ ...face, name: "write_long", detaches: true, render: () => "Written." },
  output: detachable({ text: z.string() }),
  async run({ text }) {
    await new Promise((resolve) => setTimeout(resolve, 5 * ATTACHED_MS));
    return { status: "done" as const, text };
  }
});

const catalog = {
  info: { name: "test", title: "Test", version: "0" },
  instructions: "",
  tools: [write, writeLong],
  prompts: [],
  resources: []
};

/** Keys of which one call settles the first. */
function keep() {
  let settled: KeyedOutcome | undefined;
  const settle = async (outcome: KeyedOutcome) => {
    settled = outcome;
  };
  const keys: Keys = {
    claim: async () => (settled ? { state: "settled", outcome: settled } : { state: "first", settle, release: async () => {} })
  };
  return { keys, isSettled: () => settled !== undefined };
}

interface More {
  readonly name?: string;
  readonly isLeft?: boolean;
  readonly keys?: Keys;
}

/** Calls the tool, and tells what it answered, and its row as `get_call` reads it. */
async function callFor(results: Results, text: string, { name = "write_it", isLeft = false, keys }: More = {}) {
  let row: CallEnd | undefined;
  const settle = (end: CallEnd) => {
    row = end;
    return 1;
  };
  const host = {
    ...{ deadlines: new Deadlines(), running: new RunningCalls(), permits: { take: () => undefined } },
    limits: { callMs: 1000, attachedMs: ATTACHED_MS, detachedMs: 1000, detaching: 10, inlineBytes: INLINE_BYTES },
    calls: { append: settle, open: () => 1, reopen() {}, noteResult() {}, settle: (_, end) => settle(end) },
    aside: { holdWhile() {}, publish: async () => {}, resultsOf: () => results },
    ...(keys && { keys }),
    contextFor: () => ({ results }) as Partial<Context> as Context, // all that is used of it
    handleOf: () => "call_test"
  } as Partial<Host> as Host;
  const invocation = {
    ...{ slice: createCatalog(catalog).sliceAt(""), client: "test/1", era: "sessionful", isLeft },
    principal: { id: "local", kind: "local", clientId: "local", scopes: [] },
    meta: keys ? { "dormouse/idempotency-key": "key" } : {},
    onCancel: () => () => {}
  } as Partial<Invocation> as Invocation;
  const answer = await callTool(name, { text }, invocation, host);
  const found = { call: "call_test", tool: "write_it", startedMs: 0, era: "sessionful", client: "test/1", ...row } as WatchedCall;
  const details = async () => {
    const read = await readCallDetails(found, results);
    return { ...read, said: textOfCall(read as Parameters<typeof textOfCall>[0]) };
  };
  return { answer, row, details };
}

describe("a whole answer", () => {
  it("of a call whose client had gone is read in full, until it is deleted: then the call says so, and leads nowhere", async () => {
    await inHome(async ({ results }) => {
      const { row, details } = await callFor(results, "short", { isLeft: true });
      const kept = row?.result ?? "";
      expect(row).toMatchObject({ outcome: "ok", result: expect.stringMatching(/^res_/), error: undefined });
      expect(await details()).toMatchObject({ outcome: "ok", output: { text: "short" }, result: kept, reason: undefined });
      await results.remove(kept);
      const after = await details();
      expect(after).toMatchObject({ outcome: "ok", reason: expect.stringContaining("no longer stored") });
      expect([after.result, after.output]).toEqual([undefined, undefined]);
      expect(after.said).not.toContain(kept);
    });
  });

  it("that cannot be kept leaves the outcome as it is, and the call says why its answer is not there", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    await inHome(async ({ results }) => {
      for (let n = 0; n < SMALL.maxResults; n++) await (await results.begin({ tool: "t", title: "", type: "text/plain" })).end();
      const { row, answer, details } = await callFor(results, "short", { isLeft: true });
      expect(row).toMatchObject({ outcome: "ok", preview: "Written.", error: "AnswerNotKept", result: undefined });
      expect(answer.isError).toBeUndefined();
      const told = await details();
      expect(told).toMatchObject({ outcome: "ok", reason: expect.stringContaining("list_results shows them") });
      expect([told.output, told.result]).toEqual([undefined, undefined]);
      expect(told.said).toContain("could not be kept");
      expect(await results.list(10)).toHaveLength(SMALL.maxResults);
    });
    expect(log).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/"event":"answer_not_kept","error":"QuotaReached: /));
    log.mockRestore();
  });

  it("is named again by a repetition with the key of its call, also when it was deleted, and nothing is done twice", async () => {
    await inHome(async ({ results }) => {
      const { keys } = keep();
      const { answer, row } = await callFor(results, "long ".repeat(INLINE_BYTES), { keys });
      const kept = row?.result ?? "";
      expect(answer).toMatchObject({ isError: true, _meta: { "dormouse/result": kept } });
      await results.remove(kept);
      const repeated = await callFor(results, "long ".repeat(INLINE_BYTES), { keys });
      expect(repeated.answer).toEqual({ ...answer, _meta: { ...answer._meta, "dormouse/replayed": true } });
      expect(repeated.row).toMatchObject({ outcome: "ok", preview: expect.stringContaining(`kept whole as ${kept}`) });
      expect(await results.list(10)).toEqual([]);
      await expect(results.read(kept, FROM_START)).rejects.toBeInstanceOf(NotFound);
    });
  });

  it("of a call that went on without its client is repeated where it fits a message, and named where it does not", async () => {
    await inHome(async ({ results }) => {
      const repeatedFor = async (text: string) => {
        const { keys, isSettled } = keep();
        const first = await callFor(results, text, { name: "write_long", keys });
        expect(first.answer.structuredContent).toMatchObject({ status: "running", call: "call_test" });
        await vi.waitFor(() => expect(isSettled()).toBe(true));
        return (await callFor(results, text, { name: "write_long", keys })).answer;
      };
      expect(await repeatedFor("short")).toMatchObject({ structuredContent: { status: "done", text: "short" } });
      const long = await repeatedFor("long ".repeat(INLINE_BYTES));
      const [kept] = await results.list(1);
      expect(long).toMatchObject({ isError: true, _meta: { "dormouse/result": kept?.result, "dormouse/replayed": true } });
      expect(long.content[0]).toMatchObject({
        text: expect.stringMatching(/^write_long went through\. The answer takes 3 KiB, .* kept whole as/)
      });
      expect(JSON.stringify(long).length).toBeLessThan(INLINE_BYTES);
    });
  });
});
