import { z } from "zod";
import { sleep } from "../../lib/sleep.ts";
import { defineTool, detachable, readOnlyHere } from "../../mcp/define-tool.ts";
import { InvalidInput } from "../../mcp/errors.ts";

/** A call that stays connected may take 15 minutes; this leaves a margin for the steps' own overhead. */
const MAX_DURATION_MS = 14 * 60 * 1000;

export const longOperation = defineTool({
  name: "long_operation",
  title: "Run a long operation",
  description: "Counts steps with a pause between them and reports progress at each: a way to try progress, cancellation and reconnection.",
  toolset: "operations",
  scopes: ["mcp:use"],
  annotations: readOnlyHere,
  detaches: true,
  input: z.strictObject({
    steps: z.int().min(1).max(10_000).default(100).describe("How many steps to take"),
    delayMs: z.int().min(0).max(60_000).default(100).describe("Pause at each step, milliseconds")
  }),
  output: detachable({
    steps: z.int().describe("How many steps were taken"),
    durationMs: z.int()
  }),
  async run({ steps, delayMs }, ctx) {
    if (steps * delayMs > MAX_DURATION_MS)
      throw new InvalidInput("steps × delayMs is over 14 minutes (840000 ms). Take fewer steps or shorter pauses.");
    const startedMs = Date.now();
    for (let step = 1; step <= steps; step++) {
      await sleep(delayMs, ctx.signal);
      await ctx.progress(step, steps, `Step ${step} of ${steps}`);
    }
    return { status: "done" as const, steps, durationMs: Date.now() - startedMs };
  },
  render: (output) => (output.status === "done" ? `Took ${output.steps} steps in ${output.durationMs} ms.` : `Running as ${output.call}.`)
});
