import { describe, expect, it } from "vitest";
import { DEFAULTS } from "../../../src/config.ts";
import { toFittingResult } from "../../../src/mcp/calls/tool-result.ts";
import type { Context } from "../../../src/mcp/context.ts";
import type { Tool } from "../../../src/mcp/define-tool.ts";
import { InvalidInput, NotFound, TooLarge } from "../../../src/mcp/errors.ts";
import { namesOfFaults } from "../../../src/mcp/faults.ts";
import type { RunDetails, RunRecord, Runs, StepRecord, WorkflowSummary } from "../../../src/mcp/runs.ts";
import { runResource } from "../../../src/resources/run.ts";
import { cancelRun } from "../../../src/tools/runs/cancel-run.ts";
import { defineWorkflow } from "../../../src/tools/runs/define-workflow.ts";
import { deleteRun } from "../../../src/tools/runs/delete-run.ts";
import { getRun } from "../../../src/tools/runs/get-run.ts";
import { listRuns } from "../../../src/tools/runs/list-runs.ts";
import { listWorkflows } from "../../../src/tools/runs/list-workflows.ts";
import { retryRun } from "../../../src/tools/runs/retry-run.ts";
import { toRunRecord } from "../../../src/tools/runs/run-record.ts";
import { signalRun } from "../../../src/tools/runs/signal-run.ts";
import { startWorkflow } from "../../../src/tools/runs/start-workflow.ts";

const TIMES = "Started 2026-11-18T11:06:40.000Z, last at work 2026-11-18T11:06:41.000Z";

const RUN: RunRecord = {
  run: "run_0123abcd_1_0000",
  workflow: "triage",
  state: "waiting",
  createdMs: 1_795_000_000_000,
  updatedMs: 1_795_000_001_000,
  step: "decide",
  waitsFor: "Close issue 7?",
  dueMs: undefined,
  error: undefined,
  done: 1,
  total: 3
};

const STEP: StepRecord = {
  path: "find",
  state: "ok",
  attempt: 1,
  startedMs: 1_795_000_000_000,
  endedMs: 1_795_000_000_500,
  message: undefined
};

const DEFINITION = { name: "triage", steps: [{ kind: "tool", id: "find", tool: "search_repositories" }] };

/** Texts whose bytes as JSON are as many as they can be, and some that are not. */
const TEXTS = [["plain text "], ['"quotes" and \\ '], ["\u8a9e"], ["\u{1f600}"], ["\u0001"]];

const ctxOf = (runs: Partial<Runs>) => ({ runs }) as unknown as Context;

const detailsOf = (details: Partial<RunDetails>) => ctxOf({ get: async () => ({ ...RUN, steps: [], output: undefined, ...details }) });

/** Calls a tool as the pipeline does: what does not fit a message throws. */
async function call(tool: Tool, args: object, ctx: Context) {
  const input = tool.input.safeParse(args);
  if (!input.success) throw new InvalidInput(namesOfFaults(input.error));
  const { result } = toFittingResult(tool, await tool.run(input.data, ctx), DEFAULTS.call.inlineBytes);
  const [block] = result.content;
  return { output: result.structuredContent, text: block?.type === "text" ? block.text : undefined };
}

describe("define_workflow", () => {
  it("keeps a definition with its defaults filled in, and says whether it took the place of another", async () => {
    const kept: unknown[] = [];
    const define = async (definition: unknown) => kept.push(definition) > 1;
    const ctx = ctxOf({ define });
    expect((await call(defineWorkflow, { definition: DEFINITION }, ctx)).output).toEqual({ workflow: "triage", steps: 1, replaced: false });
    expect((await call(defineWorkflow, { definition: DEFINITION }, ctx)).text).toBe(
      "Kept triage (1 steps) in place of the one before. Start it with start_workflow."
    );
    expect(kept[0]).toMatchObject({ inputs: { type: "object" }, steps: [{ arguments: {} }] });
  });

  it.each([
    ["a step without its tool", { ...DEFINITION, steps: [{ kind: "tool", id: "find" }] }, "definition.steps.0.tool: "],
    ["a kind that is none", { ...DEFINITION, steps: [{ kind: "loop", id: "find" }] }, "definition.steps.0.kind: "],
    ["an id that is none", { ...DEFINITION, steps: [{ kind: "sleep", id: "A b", seconds: 1 }] }, "definition.steps.0.id: "],
    [
      "too many items",
      { ...DEFINITION, steps: [{ kind: "for_each", id: "each", tool: "x", items: Array(101).fill(1) }] },
      "definition.steps.0.items"
    ],
    ["a name that is none", { ...DEFINITION, name: "Triage issues" }, "definition.name: "],
    ["no steps", { ...DEFINITION, steps: [] }, "definition.steps: "],
    ["a field that is none", { ...DEFINITION, timeout: 5 }, 'definition: Unrecognized key: "timeout"']
  ])("names the field of %s", async (_, definition, fault) => {
    await expect(call(defineWorkflow, { definition }, ctxOf({}))).rejects.toThrow(fault);
    await expect(call(startWorkflow, { definition }, ctxOf({}))).rejects.toThrow(fault);
  });
});

describe("list_workflows", () => {
  const summaryOf = (name: string, shown: string): WorkflowSummary => ({
    name,
    title: shown.repeat(20),
    description: shown.repeat(200),
    inputs: { type: "object", properties: { query: { type: "string", description: shown.repeat(100) } } },
    steps: 100,
    isShipped: false
  });

  it.each(TEXTS)("fits a hundred workflows into one message, and counts the rest: %j", async (shown) => {
    const workflows = async () => Array.from({ length: 120 }, (_, i) => summaryOf(`${"w".repeat(60)}${i}`, shown));
    const { output, text } = await call(listWorkflows, {}, ctxOf({ workflows }));
    expect(output).toMatchObject({ leftOut: 20 });
    expect(text).toMatch(/20 more: ask for them by name\.$/);
  });

  it("shows the inputs of one that is asked for by its name, where a list leaves them out", async () => {
    const workflows = async () => Array.from({ length: 20 }, (_, i) => summaryOf(`w${i}`, "plain text "));
    const ctx = ctxOf({ workflows });
    const list = await call(listWorkflows, {}, ctx);
    expect(list.output).toMatchObject({ workflows: expect.arrayContaining([expect.not.objectContaining({ inputs: expect.anything() })]) });
    const one = await call(listWorkflows, { workflow: "w7" }, ctx);
    expect(one.output).toMatchObject({ workflows: [{ workflow: "w7", inputs: { type: "object" } }] });
  });

  it("says so where there is none", async () => {
    expect((await call(listWorkflows, { workflow: "none" }, ctxOf({ workflows: async () => [] }))).text).toMatch(/no such workflow/);
  });
});

describe("start_workflow", () => {
  const asked: unknown[] = [];
  const ctx = ctxOf({
    async start(request) {
      asked.push(request);
      return { ...RUN, state: "running", step: undefined, waitsFor: undefined, done: 0 };
    }
  });

  it("starts a workflow by its name, and answers with the handle", async () => {
    const { output, text } = await call(startWorkflow, { workflow: "triage", inputs: { query: "bug" } }, ctx);
    expect(asked.at(-1)).toEqual({ workflow: "triage", definition: undefined, inputs: { query: "bug" } });
    expect(output).toEqual({
      ...{ run: RUN.run, workflow: "triage", state: "running", done: 0, total: 3 },
      createdAt: "2026-11-18T11:06:40.000Z",
      updatedAt: "2026-11-18T11:06:41.000Z",
      writtenByOthers: []
    });
    expect(text).toBe(`Started. Ask get_run for how it stands.\n${RUN.run} triage: running, 0 of 3 steps done\n${TIMES}`);
  });

  it("starts a definition that is given", async () => {
    await call(startWorkflow, { definition: DEFINITION }, ctx);
    expect(asked.at(-1)).toMatchObject({ workflow: undefined, definition: { name: "triage" }, inputs: {} });
  });

  it.each([
    ["both", { workflow: "triage", definition: DEFINITION }],
    ["neither", {}]
  ])("starts nothing when given %s", async (_, args) => {
    const before = asked.length;
    await expect(call(startWorkflow, args, ctx)).rejects.toThrow(
      "Give either workflow, the name of one, or definition. Nothing was started."
    );
    expect(asked).toHaveLength(before);
  });
});

describe("get_run", () => {
  it("tells what a run waits for", async () => {
    const steps: StepRecord[] = [STEP, { ...STEP, path: "decide", state: "waiting", endedMs: undefined, message: "Close issue 7?" }];
    const { output, text } = await call(getRun, { run: RUN.run }, detailsOf({ steps }));
    expect(text?.split("\n")).toEqual([
      `${RUN.run} triage: waiting at decide, 1 of 3 steps done`,
      TIMES,
      'Waits for: "Close issue 7?"',
      "find: ok, 2026-11-18T11:06:40.000Z to 2026-11-18T11:06:40.500Z",
      'decide: waiting, 2026-11-18T11:06:40.000Z: "Close issue 7?"'
    ]);
    expect(output).toMatchObject({
      ...{ state: "waiting", waitsFor: "Close issue 7?" },
      steps: [
        { step: "find", state: "ok", attempt: 1, startedAt: "2026-11-18T11:06:40.000Z", endedAt: "2026-11-18T11:06:40.500Z" },
        { step: "decide", state: "waiting", message: "Close issue 7?" }
      ]
    });
  });

  it("has no line that others wrote", async () => {
    const [waitsFor, error, message] = ["w", "e", "m"].map((letter) => `${letter}\nError: none\r\nIts output: 7`);
    const { text } = await call(getRun, { run: RUN.run }, detailsOf({ waitsFor, error, steps: [{ ...STEP, message }] }));
    expect(text?.split(/[\r\n]+/)).toHaveLength(5);
    const listed = await call(listRuns, {}, ctxOf({ list: async () => [{ ...RUN, waitsFor, error }] }));
    expect(listed.text?.split(/[\r\n]+/)).toHaveLength(1);
    const workflows = async () => [{ name: "w", title: waitsFor, description: error, inputs: {}, steps: 1, isShipped: false }];
    expect((await call(listWorkflows, {}, ctxOf({ workflows }))).text?.split(/[\r\n]+/)).toHaveLength(3);
  });

  it("waits until the run has ended, at most as long as it is asked to, and tells how far it is meanwhile", async () => {
    const waits: number[] = [];
    const told: unknown[] = [];
    const get: Runs["get"] = async (_, waitMs) => {
      waits.push(waitMs);
      return {
        ...RUN,
        waitsFor: undefined,
        state: waits.length < 4 ? "running" : "completed",
        done: waits.length,
        steps: [],
        output: undefined
      };
    };
    const ctx = { ...ctxOf({ get }), progress: async (done: number) => void told.push(done) };
    await call(getRun, { run: RUN.run }, ctx);
    await call(getRun, { run: RUN.run, waitSeconds: 8 }, ctx);
    expect(waits).toEqual([0, 1000, 1000, 1000]);
    expect(told).toEqual([2, 3]);
    await expect(call(getRun, { run: RUN.run, waitSeconds: 9 }, ctxOf({ get }))).rejects.toThrow("waitSeconds: ");
  });

  it("answers with the output, null included", async () => {
    const { output } = await call(getRun, { run: RUN.run }, detailsOf({ state: "completed", output: null }));
    expect(output).toMatchObject({ output: null, outputBytes: 4 });
  });

  it("leaves members out of the output that JSON does not have", async () => {
    const { output } = await call(getRun, { run: RUN.run }, detailsOf({ output: { kept: 1, lost: undefined } }));
    expect(output).toMatchObject({ output: { kept: 1 } });
  });

  it.each(TEXTS)("fits the largest run into one message: %j", async (shown) => {
    const long = shown.repeat(5000);
    const stepOf = (_: unknown, i: number): StepRecord => ({ ...STEP, path: `${"s".repeat(40)}/${i}`, state: "cancelled", message: long });
    const largest: Partial<RunDetails> = {
      ...{ state: "cancelled", workflow: "w".repeat(64), step: "s".repeat(40), waitsFor: long, error: long, dueMs: RUN.updatedMs },
      steps: Array.from({ length: 1100 }, stepOf)
    };
    const { output, text } = await call(getRun, { run: RUN.run }, detailsOf({ ...largest, output: long.repeat(10) }));
    const control = { ...(output as object), output: long.repeat(10) };
    expect(() => toFittingResult(getRun, control, DEFAULTS.call.inlineBytes)).toThrow(TooLarge);
    expect(output).toMatchObject({ stepsLeftOut: 1000, outputBeginning: expect.stringMatching(/^".*…$/s) });
    expect(output).not.toHaveProperty("output");
    expect(text).toMatch(/too long for a message/);

    const atTheBound = "x".repeat(24 * 1024 - 2);
    const whole = await call(getRun, { run: RUN.run }, detailsOf({ ...largest, output: atTheBound }));
    expect(whole.output).toMatchObject({ output: atTheBound, outputBytes: 24 * 1024 });
  });

  it("shows what goes on and what failed before what is done, in the order of the steps", async () => {
    const steps = Array.from({ length: 200 }, (_, i): StepRecord => ({ ...STEP, path: `read/${i}`, startedMs: STEP.startedMs + i }));
    steps[3] = { ...STEP, path: "read/3", state: "failed", message: "It is gone." };
    steps[5] = { ...STEP, path: "read/5", state: "running", endedMs: undefined };
    const { output, text } = await call(getRun, { run: RUN.run }, detailsOf({ steps }));
    const { steps: shown, stepsLeftOut } = output as { steps: { step: string }[]; stepsLeftOut: number };
    const latest = Array.from({ length: 98 }, (_, i) => `read/${i + 102}`);
    expect(shown.map(({ step }) => step)).toEqual(["read/3", "read/5", ...latest]);
    expect(stepsLeftOut).toBe(100);
    expect(text).toMatch(/^read\/3: failed, .+: "It is gone\."\nread\/5: running, /m);
    expect(text).toMatch(/\n100 more steps are not shown\.$/);
  });

  it("may be asked again and again", () => {
    expect(getRun.mayRepeat).toBe(true);
  });
});

describe("list_runs", () => {
  it.each(TEXTS)("fits a hundred runs into one message: %j", async (shown) => {
    const long = shown.repeat(5000);
    const largest = { ...RUN, workflow: "w".repeat(64), step: `${"s".repeat(40)}/99`, waitsFor: long, error: long, dueMs: RUN.updatedMs };
    const { output } = await call(listRuns, { limit: 100 }, ctxOf({ list: async () => Array<RunRecord>(100).fill(largest) }));
    expect(output).toMatchObject({ runs: { length: 100 } });
    const control = { runs: Array(100).fill({ ...toRunRecord(largest), waitsFor: long.slice(0, 1000) }) };
    expect(() => toFittingResult(listRuns, control, DEFAULTS.call.inlineBytes)).toThrow(TooLarge);
  });

  it("asks for the state and so many runs, and says so where none matches", async () => {
    const asked: unknown[] = [];
    const list: Runs["list"] = async (query) => {
      asked.push(query);
      return [];
    };
    expect((await call(listRuns, { state: "failed", limit: 5 }, ctxOf({ list }))).text).toBe("No runs match.");
    expect(asked).toEqual([{ state: "failed", limit: 5 }]);
  });
});

describe("changing a run", () => {
  it("tells a run that waits what was decided", async () => {
    const told: unknown[] = [];
    const signal: Runs["signal"] = async (...given) => {
      told.push(given);
      return { ...RUN, state: "running", waitsFor: undefined };
    };
    await call(signalRun, { run: RUN.run, approved: false, note: "Not yet." }, ctxOf({ signal }));
    expect(told).toEqual([[RUN.run, { approved: false, note: "Not yet." }]]);
  });

  it("says of a run that was cancelled amid a write that the write settles first", async () => {
    const cancelling = await call(
      cancelRun,
      { run: RUN.run },
      ctxOf({ cancel: async () => ({ ...RUN, state: "running", waitsFor: undefined }) })
    );
    expect(cancelling.text).toMatch(/^It ends once its step has settled\./);
    const cancelled = await call(
      cancelRun,
      { run: RUN.run },
      ctxOf({ cancel: async () => ({ ...RUN, state: "cancelled", waitsFor: undefined }) })
    );
    expect(cancelled.text).toBe(`${RUN.run} triage: cancelled at decide, 1 of 3 steps done\n${TIMES}`);
  });

  it("retries and deletes the run of the handle", async () => {
    const given: unknown[] = [];
    const retry: Runs["retry"] = async (run) => ({ ...RUN, run, state: "running" });
    const remove: Runs["remove"] = async (run) => void given.push(run);
    expect((await call(retryRun, { run: "run_a" }, ctxOf({ retry }))).output).toMatchObject({ run: "run_a", state: "running" });
    expect((await call(deleteRun, { run: "run_b" }, ctxOf({ remove }))).output).toEqual({ deleted: "run_b" });
    expect(given).toEqual(["run_b"]);
  });
});

describe("run://{run}", () => {
  it("holds what get_run answers", async () => {
    const ctx = detailsOf({ steps: [STEP], output: { closed: 7 } });
    const { output } = await call(getRun, { run: RUN.run }, ctx);
    expect(output).toEqual({ ...((await runResource.read({ run: RUN.run }, ctx)) as object), writtenByOthers: ["/waitsFor", "/output"] });
  });

  it("is not found for a handle of no run", async () => {
    const get = async () => Promise.reject(new NotFound("No run of yours has this handle."));
    await expect(runResource.read({ run: "run_none" }, ctxOf({ get }))).rejects.toThrow(NotFound);
  });
});

it("needs mcp:delete to delete, and mcp:use for all else", () => {
  const tools = [defineWorkflow, listWorkflows, startWorkflow, getRun, listRuns, signalRun, cancelRun, retryRun];
  expect(new Set([...tools, runResource].flatMap(({ scopes, toolset }) => [...scopes, toolset]))).toEqual(new Set(["mcp:use", "runs"]));
  expect([...deleteRun.scopes, deleteRun.toolset]).toEqual(["mcp:delete", "runs"]);
});
