import { abortAllDurableObjects, evictDurableObject, reset, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { homeNameOf } from "../../../src/mcp/doors/home-name.ts";
import { begin, createCaller, createPrincipal } from "./in-worker.ts";

afterEach(() => reset());

const stateless = createCaller({});
const home = () => env.HOME.get(env.HOME.idFromName(`home:${homeNameOf("local")}`));

/** Starts a run of a workflow that is given, and reads how it stands once it has ended or waits. */
async function run(steps: object[], inputs: object = {}, more: object = {}): Promise<Record<string, unknown>> {
  const schema = { type: "object", properties: Object.fromEntries(Object.keys(inputs).map((name) => [name, { type: "integer" }])) };
  const started = await stateless("start_workflow", { definition: { name: "test", inputs: schema, steps, ...more }, inputs });
  if (started.isError) return started;
  return stateless("get_run", { run: started.run, waitSeconds: 8 });
}

const count = (id: string, steps: number, more: object = {}) => ({
  ...{ id, kind: "tool", tool: "long_operation", arguments: { steps, delayMs: 0 } },
  ...more
});

describe("a run", () => {
  it("does its steps one after another, each with what the ones before it found, and answers with its output", async () => {
    const ended = await run(
      [
        count("first", 3),
        { id: "second", kind: "tool", tool: "long_operation", arguments: { steps: { $ref: "/steps/first/output/steps" }, delayMs: 0 } }
      ],
      {},
      { output: { text: "Took {{/steps/second/output/steps}} steps." } }
    );
    expect(ended).toMatchObject({ state: "completed", done: 2, total: 2, output: { text: "Took 3 steps." } });
    const { calls } = await stateless("list_calls", { tool: "long_operation" });
    expect(calls).toHaveLength(2);
  });

  it("skips a step whose condition does not hold", async () => {
    const ended = await run(
      [count("never", 1, { when: { ref: "/inputs/there", equals: 2 } }), count("always", 1, { when: { ref: "/inputs/there", equals: 1 } })],
      {
        there: 1
      }
    );
    expect(ended).toMatchObject({
      state: "completed",
      steps: [
        { step: "never", state: "skipped" },
        { step: "always", state: "ok" }
      ]
    });
  });

  it("calls for each item, and has the outputs in the items' order", async () => {
    const each = {
      id: "each",
      kind: "for_each",
      items: [3, 1, 2],
      tool: "long_operation",
      arguments: { steps: { $ref: "/item" }, delayMs: 0 }
    };
    const ended = await run([each]);
    expect((ended.output as { steps: number }[]).map(({ steps }) => steps)).toEqual([3, 1, 2]);
  });

  it("fails at a step that fails, says which, and goes on from it when it is retried", async () => {
    const failed = await run([count("good", 1), { id: "bad", kind: "tool", tool: "get_call", arguments: { call: "none" } }]);
    expect(failed).toMatchObject({ state: "failed", step: "bad", error: expect.stringContaining("bad: No call of yours") });
    await stateless("retry_run", { run: failed.run });
    expect(await stateless("get_run", { run: failed.run, waitSeconds: 8 })).toMatchObject({ state: "failed", step: "bad" });
    const { calls } = await stateless("list_calls", { tool: "long_operation" });
    expect(calls).toHaveLength(1); // what was done is not done again
  });

  it("waits for somebody, says what for, and is let go on from another era; a refusal ends it", async () => {
    const session = createCaller({}, await begin());
    const ask = { id: "ask", kind: "approval", message: "Go on after {{/steps/first/output/steps}}?" };
    const start = () => session("start_workflow", { definition: { name: "asks", steps: [count("first", 2), ask, count("last", 1)] } });
    const [one, other] = [await start(), await start()];
    for (const { run: handle } of [one, other])
      expect(await stateless("get_run", { run: handle, waitSeconds: 8 })).toMatchObject({ state: "waiting", waitsFor: "Go on after 2?" });
    await evictDurableObject(home());
    await stateless("signal_run", { run: one.run, approved: true });
    expect(await session("get_run", { run: one.run, waitSeconds: 8 })).toMatchObject({ state: "completed" });
    expect(await session("signal_run", { run: other.run, approved: false, note: "no" })).toMatchObject({ state: "cancelled" });
    expect(JSON.stringify(await stateless("signal_run", { run: one.run, approved: true }))).toContain("it is completed");
  });

  it("sleeps, and goes on when its time has come though its object was lost", async () => {
    const asleep = await run([{ id: "nap", kind: "sleep", seconds: 1 }, count("after", 1)]).catch(() => ({}));
    const { runs } = (await stateless("list_runs", {})) as { runs: { run: string; state: string }[] };
    expect(["sleeping", "completed"]).toContain(runs[0]?.state);
    await evictDurableObject(home());
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await runDurableObjectAlarm(home());
    expect(await stateless("get_run", { run: runs[0]?.run, waitSeconds: 8 })).toMatchObject({ state: "completed" });
    expect(asleep).toBeDefined();
  });

  it("goes on after its object was lost in the middle of a step, and does what was done no second time", async () => {
    const slow = { id: "slow", kind: "tool", tool: "long_operation", arguments: { steps: 10, delayMs: 50 } };
    const { run: handle } = await stateless("start_workflow", {
      definition: { name: "lost", steps: [count("first", 1), slow, count("last", 1)] }
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    await abortAllDurableObjects();
    expect(await stateless("get_run", { run: handle, waitSeconds: 8 })).toMatchObject({ state: "completed", done: 3 });
    const { calls } = (await stateless("list_calls", { tool: "long_operation" })) as { calls: { arguments: string; outcome: string }[] };
    expect(
      calls
        .filter(({ arguments: args }) => args.includes('"steps":10'))
        .map(({ outcome }) => outcome)
        .sort()
    ).toEqual(["ok", "unknown"]);
    expect(calls).toHaveLength(4);
  });

  it("is cancelled at once where it reads", async () => {
    const slow = { id: "slow", kind: "tool", tool: "long_operation", arguments: { steps: 100, delayMs: 100 } };
    const { run: handle } = await stateless("start_workflow", { definition: { name: "stop", steps: [slow] } });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await stateless("cancel_run", { run: handle })).toMatchObject({ state: "cancelled" });
    expect(JSON.stringify(await stateless("cancel_run", { run: handle }))).toContain("has ended");
  });

  it("is deleted once it has ended, and not before", async () => {
    const caller = createCaller((await createPrincipal()).headers);
    const ask = { name: "asks", steps: [{ id: "ask", kind: "approval", message: "?" }] };
    const { run: handle } = await caller("start_workflow", { definition: ask });
    expect(JSON.stringify(await caller("delete_run", { run: handle }))).toContain("has not ended");
    await caller("cancel_run", { run: handle });
    await caller("delete_run", { run: handle });
    expect(JSON.stringify(await caller("get_run", { run: handle }))).toContain("No run of yours");
    expect(JSON.stringify(await stateless("get_run", { run: handle }))).toContain("No run of yours");
  });

  it("is refused before it starts where it has a fault, naming step and field, or where too many are open", async () => {
    expect(JSON.stringify(await run([{ id: "a", kind: "tool", tool: "no_such_tool" }]))).toContain("steps[0].tool");
    expect(JSON.stringify(await run([{ id: "a", kind: "tool", tool: "get_run", arguments: {} }]))).toContain("steps[0].tool");
    const wait = { name: "waits", steps: [{ id: "ask", kind: "approval", message: "?" }] };
    for (let i = 0; i < 20; i++) expect((await stateless("start_workflow", { definition: wait })).run).toBeDefined();
    const refused = await stateless("start_workflow", { definition: wait });
    expect(refused).toMatchObject({ isError: true, _meta: { "dormouse/limit": { limit: "open_runs", maxOpen: 20 } } });
  });
});

describe("a workflow", () => {
  it("is kept under its name, listed with those of the server, and started by it", async () => {
    const definition = { name: "mine", title: "Mine", steps: [count("only", 1)] };
    expect(await stateless("define_workflow", { definition })).toMatchObject({});
    const { workflows } = (await stateless("list_workflows", {})) as { workflows: { workflow: string }[] };
    expect(workflows.map(({ workflow }) => workflow)).toEqual(["repository_report", "mine"]);
    const { run: handle } = await stateless("start_workflow", { workflow: "mine" });
    expect(await stateless("get_run", { run: handle, waitSeconds: 8 })).toMatchObject({ state: "completed", workflow: "mine" });
  });
});
