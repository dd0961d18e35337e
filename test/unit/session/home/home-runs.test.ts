import { listDurableObjectIds, reset, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, it } from "vitest";
import { begin, createCaller } from "../in-worker.ts";

afterEach(() => reset());

const call = createCaller({});

it("lists the steps of a run in the order of its definition, and items by their place", async () => {
  const each = { tool: "long_operation", arguments: { steps: { $ref: "/item" }, delayMs: 0 } };
  const { run } = await call("start_workflow", {
    definition: {
      name: "backwards",
      steps: [
        { id: "z", kind: "sleep", seconds: 1, when: { ref: "/inputs/none" } },
        { id: "m", kind: "for_each", items: Array.from({ length: 11 }, () => 1), concurrency: 5, ...each },
        { id: "a", kind: "sleep", seconds: 1, when: { ref: "/inputs/none" } }
      ],
      inputs: { type: "object", properties: { none: { type: "string" } } }
    }
  });
  const ended = await call("get_run", { run, waitSeconds: 8 });
  const items = Array.from({ length: 11 }, (_, index) => `m/${index}`);
  expect((ended.steps as { step: string }[]).map(({ step }) => step)).toEqual(["z", "m", ...items, "a"]);
});

it("tells the session that started a run the step that it is at", async () => {
  const session = createCaller({}, await begin());
  const steps = [
    { id: "z", kind: "tool", tool: "long_operation", arguments: { steps: 1, delayMs: 0 } },
    { id: "ask", kind: "approval", message: "?" }
  ];
  const { run } = await session("start_workflow", { definition: { name: "asks", steps } });
  expect(await session("get_run", { run, waitSeconds: 8 })).toMatchObject({ state: "waiting", step: "ask" });
  const [id] = await listDurableObjectIds(env.SESSION);
  if (!id) throw new Error("There is a session.");
  const told = () =>
    runInDurableObject(env.SESSION.get(id), (_, { storage }) => storage.sql.exec("SELECT state, step FROM session_runs").toArray());
  await expect.poll(told).toEqual([{ state: "waiting", step: "ask" }]);
});

it("takes up no run again where as many are open as may be", async () => {
  const bad = { id: "bad", kind: "tool", tool: "get_call", arguments: { call: "none" } };
  const { run } = await call("start_workflow", { definition: { name: "fails", steps: [bad] } });
  expect(await call("get_run", { run, waitSeconds: 8 })).toMatchObject({ state: "failed" });
  const waits = { name: "waits", steps: [{ id: "ask", kind: "approval", message: "?" }] };
  for (let i = 0; i < 20; i++) await call("start_workflow", { definition: waits });
  const refused = await call("retry_run", { run });
  expect(refused).toMatchObject({ isError: true, _meta: { "dormouse/limit": { limit: "open_runs", maxOpen: 20 } } });
  expect(await call("get_run", { run })).toMatchObject({ state: "failed" });
});

it("keeps and starts nothing that a row cannot hold, and keeps 100 workflows at most", async () => {
  const nap = (name: string, more: object = {}) => ({ name, steps: [{ id: "nap", kind: "sleep", seconds: 60 }], ...more });
  const long = nap("long", { output: "x".repeat(300 * 1024) });
  for (const tool of ["define_workflow", "start_workflow"])
    expect(JSON.stringify(await call(tool, { definition: long }))).toContain("The workflow takes 301 KiB, and may take 256 KiB.");
  const given = nap("given", { inputs: { type: "object", properties: { text: { type: "string" } } } });
  const started = await call("start_workflow", { definition: given, inputs: { text: "x".repeat(600 * 1024) } });
  expect(JSON.stringify(started)).toContain("What the run is started with takes 601 KiB");
  for (let i = 0; i < 100; i++) await call("define_workflow", { definition: nap(`w${i}`) });
  expect(await call("define_workflow", { definition: nap("more") })).toMatchObject({ isError: true });
  expect(await call("define_workflow", { definition: nap("w7") })).toMatchObject({ replaced: true });
}, 20_000);
