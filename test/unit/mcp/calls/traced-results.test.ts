import { describe, expect, it } from "vitest";
import { z } from "zod";
import { Deadlines } from "../../../../src/lib/deadlines.ts";
import { callTool } from "../../../../src/mcp/calls/call-tool.ts";
import type { Host, Invocation } from "../../../../src/mcp/calls/host.ts";
import { LoopGuard } from "../../../../src/mcp/calls/loop-guard.ts";
import { createCatalog } from "../../../../src/mcp/catalog.ts";
import type { Context } from "../../../../src/mcp/context.ts";
import { defineTool, readOnly } from "../../../../src/mcp/define-tool.ts";
import { NotFound } from "../../../../src/mcp/errors.ts";
import type { CallEnd } from "../../../../src/mcp/history.ts";
import type { KeyedOutcome, Keys } from "../../../../src/mcp/idempotency.ts";
import type { Results } from "../../../../src/mcp/results.ts";
import { RunningCalls } from "../../../../src/mcp/running-calls.ts";
import { createResults } from "../../../../src/session/results.ts";
import { inHome, type Kept, SMALL } from "../../session/stored-results.ts";

const START = { tool: "stores", title: "Rows", type: "text/plain" } as const;
const INLINE_BYTES = 500;

/** Calls a tool that acts so, as often as is asked; tells the answers and the last row. */
async function callsOf(
  { keeper }: Kept,
  act: (results: Results) => Promise<{ text: string }>,
  { times = 1, keys }: { times?: number; keys?: Keys } = {}
) {
  const face = { title: "A test", description: "Stores.", toolset: "test", scopes: [], annotations: readOnly } as const;
  const output = z.object({ text: z.string() });
  const tool = defineTool({
    ...face,
    name: "stores",
    input: z.strictObject({}),
    output,
    run: (_, ctx) => act(ctx.results),
    render: ({ text }) => text
  });
  let row: CallEnd | undefined;
  const settle = (end: CallEnd) => {
    row = end;
    return 1;
  };
  const host = {
    ...{ deadlines: new Deadlines(), running: new RunningCalls(), permits: { take: () => undefined } },
    ...{ loops: new LoopGuard({ calls: 2, windowMs: 60_000, remembered: 10 }), handleOf: () => "call_test" },
    limits: { callMs: 1000, attachedMs: 1000, detachedMs: 1000, detaching: 10, inlineBytes: INLINE_BYTES },
    calls: { append: settle, open: () => 1, reopen() {}, noteResult() {}, settle: (_: number, end: CallEnd) => settle(end) },
    ...(keys && { keys }),
    contextFor: (_, __, traces) =>
      ({ results: createResults(keeper, SMALL, (result) => traces?.onResult?.(result)) }) as Partial<Context> as Context
  } as Partial<Host> as Host;
  const invocation = {
    ...{
      client: "test/1",
      era: "sessionful",
      onCancel: () => () => {},
      principal: { id: "key:keeper", kind: "key", clientId: "c", scopes: [] }
    },
    slice: createCatalog({
      info: { name: "test", title: "Test", version: "0" },
      instructions: "",
      tools: [tool],
      prompts: [],
      resources: []
    }).sliceAt(""),
    meta: keys ? { "dormouse/idempotency-key": "key" } : {}
  } as Partial<Invocation> as Invocation;
  const answers = [];
  for (let n = 0; n < times; n++) answers.push(await callTool("stores", {}, invocation, host));
  return { answers, said: JSON.stringify(answers.at(-1)), row };
}

const fail = () => Promise.reject(new NotFound("It is gone."));

describe("a call that fails", () => {
  it("leads to what it stored, and its repetition says the very same", async () => {
    await inHome(async (kept) => {
      let settled: KeyedOutcome | undefined;
      const settle = async (outcome: KeyedOutcome) => {
        settled = outcome;
      };
      const claim: Keys["claim"] = async () =>
        settled ? { state: "settled", outcome: settled } : { state: "first", settle, release: async () => {} };
      const { answers } = await callsOf(kept, async (results) => (await results.begin(START)) && fail(), { times: 2, keys: { claim } });
      const [first, repeated] = answers;
      const [stored] = await kept.results.list(10);
      expect(first).toMatchObject({ isError: true, _meta: { "dormouse/result": stored?.result } });
      expect(JSON.stringify(first?.content)).toContain(`What it had stored by then is ${stored?.result}.`);
      expect(repeated).toEqual({ ...first, _meta: { ...first?._meta, "dormouse/replayed": true } });
      expect(await kept.results.list(10)).toHaveLength(1);
    });
  });

  it("names no result that was deleted while it wrote there", async () => {
    await inHome(async (kept) => {
      const { said, row } = await callsOf(kept, async (results) => {
        const writer = await results.begin(START);
        await kept.results.remove(writer.result);
        await writer.write("x".repeat(SMALL.partBytes)).catch(() => {});
        return fail();
      });
      expect(said).not.toContain("res_");
      expect(row).toMatchObject({ outcome: "error", result: undefined });
    });
  });

  it("names what is left where it deleted another", async () => {
    await inHome(async (kept) => {
      let left = "";
      const { row } = await callsOf(kept, async (results) => {
        left = (await results.begin(START)).result;
        await results.remove((await results.begin(START)).result);
        return fail();
      });
      expect(row).toMatchObject({ result: left });
    });
  });

  it("names a result that nothing can be added to, as long as it is there", async () => {
    await inHome(async (kept) => {
      const { row } = await callsOf(kept, async (results) => {
        const writer = await results.begin(START);
        await kept.keeper.close(writer.result, "cut");
        await writer.write("x".repeat(SMALL.partBytes));
        return { text: "" };
      });
      expect(row).toMatchObject({ outcome: "error", result: (await kept.results.list(1))[0]?.result });
    });
  });
});

it("stops a loop of calls that store something, and whose answer is stored, each time anew", async () => {
  await inHome(async (kept) => {
    const act = async (results: Results) => ({ text: `${"x".repeat(2 * INLINE_BYTES)}${(await results.begin(START)).result.slice(0, 4)}` });
    const { said } = await callsOf(kept, act, { times: 3 });
    expect(said).toContain("dormouse/limit");
    expect(await kept.results.list(10)).toHaveLength(4);
  });
});
