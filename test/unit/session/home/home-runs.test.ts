import { reset } from "cloudflare:test";
import { afterEach, expect, it } from "vitest";
import { createCaller } from "../in-worker.ts";

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
