import { expect, it, vi } from "vitest";
import { z } from "zod";
import { Deadlines } from "../../../../src/lib/deadlines.ts";
import { InputRequired } from "../../../../src/mcp/ask.ts";
import { callTool } from "../../../../src/mcp/calls/call-tool.ts";
import type { Host, Invocation } from "../../../../src/mcp/calls/host.ts";
import { LoopGuard } from "../../../../src/mcp/calls/loop-guard.ts";
import { createCatalog } from "../../../../src/mcp/catalog.ts";
import type { ToolResult } from "../../../../src/mcp/content.ts";
import type { Context } from "../../../../src/mcp/context.ts";
import { additive, defineTool, detachable, readOnly } from "../../../../src/mcp/define-tool.ts";
import { NotFound, RpcError, SignInRequired, Unsupported } from "../../../../src/mcp/errors.ts";
import type { CallEnd } from "../../../../src/mcp/history.ts";
import type { Keys } from "../../../../src/mcp/idempotency.ts";
import type { Principal } from "../../../../src/mcp/principal.ts";
import { RunningCalls } from "../../../../src/mcp/running-calls.ts";
import { writtenByOthers } from "../../../../src/mcp/written-by-others.ts";

const face = {
  title: "A test",
  description: "Answers what the test says.",
  toolset: "test",
  scopes: [],
  input: z.strictObject({ answer: z.unknown() }),
  output: z.object({ text: z.string() }),
  run: async ({ answer }: { answer?: unknown }) => ({ text: answer as string }),
  render: ({ text }: { text: string }) => text
} as const;

const slice = createCatalog({
  info: { name: "test", title: "Test", version: "0" },
  instructions: "",
  tools: [
    defineTool({ ...face, name: "read_it", annotations: readOnly }),
    defineTool({ ...face, name: "write_it", annotations: additive }),
    defineTool({ ...face, name: "write_marked", annotations: additive, output: z.object({ text: writtenByOthers(z.string()) }) }),
    defineTool({
      ...face,
      name: "ask_it",
      annotations: additive,
      run: () => Promise.reject(new Unsupported("This needs a client that supports roots.", { roots: {} }))
    }),
    defineTool({
      ...face,
      name: "write_and_ask_it",
      annotations: additive,
      run(_, ctx) {
        void ctx.github; // which is said to write below
        return Promise.reject(new InputRequired({}));
      }
    }),
    defineTool({
      ...face,
      name: "refused_it",
      annotations: additive,
      run({ answer }, ctx) {
        for (let writes = 0; writes < Number(answer); writes++) void ctx.github; // likewise; the last of them is refused
        return Promise.reject(new SignInRequired(true));
      }
    }),
    defineTool({
      ...face,
      name: "run_long",
      annotations: readOnly,
      detaches: true,
      output: detachable({ text: z.string() }),
      async run({ answer }) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        return { status: "done" as const, text: answer as string };
      },
      render: ({ status }) => status
    }),
    defineTool({
      ...face,
      name: "fail_as",
      annotations: readOnly,
      run: ({ answer }) => Promise.reject(new NotFound(`It is gone:\n${answer}`))
    }),
    defineTool({ ...face, name: "fail_it", annotations: readOnly, run: ({ answer }) => Promise.reject(new Error(String(answer))) })
  ],
  prompts: [],
  resources: []
}).sliceAt("");

const PRINCIPAL: Principal = { id: "local", kind: "local", clientId: "local", scopes: [] };

/** Calls a tool and tells its result and how its row was settled. */
async function callFor(name: string, answer: unknown, given: Partial<Invocation> = {}, keys?: Keys, more: Partial<Host> = {}) {
  let settled: CallEnd | undefined;
  const settle = (end: CallEnd) => {
    settled = end;
    return 1;
  };
  const host = {
    deadlines: new Deadlines(),
    limits: { callMs: 1000, attachedMs: 1000, detachedMs: 1000, detaching: 10, inlineBytes: 1000 },
    calls: { append: settle, open: () => 1, reopen() {}, noteResult() {}, settle: (_, end) => settle(end) },
    permits: { take: () => undefined },
    running: new RunningCalls(),
    ...(keys && { keys }),
    contextFor: (_asking, _signalOf, traces) =>
      ({
        get github() {
          return traces?.onWrite?.();
        }
      }) as unknown as Context,
    handleOf: () => "call_test",
    ...more
  } as Partial<Host> as Host;
  const invocation = {
    slice,
    principal: PRINCIPAL,
    meta: {},
    client: "test/1",
    era: "sessionful",
    onCancel: () => () => {},
    ...given
  } as Partial<Invocation> as Invocation;
  const result = await callTool(name, { answer } as never, invocation, host);
  return { result, settled };
}

const call = async (...args: Parameters<typeof callFor>): Promise<CallEnd | undefined> => (await callFor(...args)).settled;

it.each([
  ["too large for a message", "x".repeat(2000), "TooLarge"],
  ["of another shape", 1, "UpstreamFailed"]
])("never says of a write that it failed when only its answer is %s", async (_, answer, error) => {
  expect(await call("read_it", answer)).toMatchObject({ outcome: "error", error });
  expect(await call("write_it", answer)).toMatchObject({
    outcome: "unknown",
    preview: "write_it went through, but its answer cannot be shown. Look at what it did before you do more."
  });
});

it("keeps of an answer with JSON in its text no member that is named as a secret", async () => {
  expect(await call("fail_as", '{"password":["hunter2"]}')).toMatchObject({
    preview: expect.stringMatching(/^It is gone:\n\{"password":"\[redacted\]"\}$/)
  });
});

it("logs an error that was not foreseen without the secrets in it", async () => {
  const log = vi.spyOn(console, "error").mockImplementation(() => {});
  const secret = ["ghp", "a1B2".repeat(9)].join("_");
  expect(await call("fail_it", `The upstream said: bad token ${secret}`)).toMatchObject({ outcome: "error", error: "Unforeseen" });
  expect(log).toHaveBeenCalledExactlyOnceWith(expect.stringContaining("bad token [redacted]"));
  expect(String(log.mock.calls)).not.toContain(secret);
  log.mockRestore();
});

it("gives a key back where its call was refused because its client cannot be asked", async () => {
  const done: string[] = [];
  const note = async (what: string) => void done.push(what);
  const keys: Keys = { claim: async () => ({ state: "first", settle: () => note("settled"), release: () => note("released") }) };
  const given = { era: "stateless", meta: { "dormouse/idempotency-key": "key" } } as const;
  await expect(call("ask_it", "", given, keys)).rejects.toThrow(RpcError);
  expect(done).toEqual(["released"]);
});

it("repeats an answer as it was kept, also one from before its fields were marked", async () => {
  const given = { meta: { "dormouse/idempotency-key": "key" } };
  const kept: ToolResult = { content: [{ type: "text", text: "a" }], structuredContent: { text: "a" } };
  const keys: Keys = { claim: async () => ({ state: "settled", outcome: { outcome: "ok", result: kept } }) };
  const { result } = await callFor("write_marked", "a", given, keys);
  expect(JSON.stringify(result)).toBe(JSON.stringify({ ...kept, _meta: { "dormouse/replayed": true } }));
  expect((await callFor("write_marked", "a")).result.structuredContent).toEqual({ text: "a", writtenByOthers: ["/text"] });
});

it("asks nobody after a write, because the write would run again with the answer", async () => {
  const log = vi.spyOn(console, "error").mockImplementation(() => {});
  expect(await call("write_and_ask_it", "", { era: "stateless" })).toMatchObject({ outcome: "unknown" });
  log.mockRestore();
});

it("gives a key back where nothing was done because the person must sign in again", async () => {
  const done: string[] = [];
  const note = async (what: string) => void done.push(what);
  const keys: Keys = { claim: async () => ({ state: "first", settle: () => note("settled"), release: () => note("released") }) };
  const given = { meta: { "dormouse/idempotency-key": "key" } } as const;
  expect(await call("refused_it", 1, given, keys)).toMatchObject({ outcome: "denied", error: "SignInRequired" });
  expect(await call("refused_it", 2, given, keys)).toMatchObject({ outcome: "unknown", error: "SignInRequired" }); // the control
  expect(done).toEqual(["released", "settled"]);
});

it("lets who waits for the first call of a key ask again and again", async () => {
  const loops = new LoopGuard({ calls: 2, windowMs: 60_000, remembered: 10 });
  const principal: Principal = { id: "key:test", kind: "key", clientId: "key:test", scopes: [] };
  const repeat = (state: "running" | "taken") => {
    const keys: Keys = { claim: async () => ({ state }) };
    return call("write_it", state, { principal, meta: { "dormouse/idempotency-key": "key" } }, keys, { loops });
  };
  const ends = async (state: "running" | "taken") =>
    [await repeat(state), await repeat(state), await repeat(state)].map((end) => end?.error);
  expect(await ends("running")).toEqual(["DeadlineExceeded", "DeadlineExceeded", "DeadlineExceeded"]);
  expect(await ends("taken")).toEqual(["InvalidInput", "InvalidInput", "LoopDetected"]); // the control
});

it("answers a call that ends while its client is told that it goes on with its handle, and keeps the whole", async () => {
  const written: string[] = [];
  const writer = { result: "res_test", write: async (text: string) => void written.push(text), end: async () => ({}) };
  const aside = {
    holdWhile() {},
    publish: () => new Promise<void>(() => {}), // home does not answer
    resultsOf: () => ({ begin: async () => writer, remove: async () => {} })
  } as unknown as NonNullable<Host["aside"]>;
  const limits = { callMs: 1000, attachedMs: 20, detachedMs: 1000, detaching: 10, inlineBytes: 1000 };
  const { result, settled } = await callFor("run_long", "x".repeat(2000), {}, undefined, { aside, limits });
  expect(result.structuredContent).toMatchObject({ status: "running", call: "call_test" });
  expect(settled).toMatchObject({ outcome: "ok", result: "res_test" });
  expect(written.join("")).toContain("x".repeat(2000));
});
