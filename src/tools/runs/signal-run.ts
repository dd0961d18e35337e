import { z } from "zod";
import { additiveHere, defineTool } from "../../mcp/define-tool.ts";
import { runHandle, runRecord, textOfRun, toRunRecord } from "./run-record.ts";

export const signalRun = defineTool({
  name: "signal_run",
  title: "Decide for a run that waits",
  description:
    "Tells a run that waits for an approval whether it may go on; the decision is the user's. Use get_run first, to see what is to be decided. A run that does not wait says what it is doing.",
  toolset: "runs",
  scopes: ["mcp:use"],
  annotations: additiveHere,
  input: z.strictObject({
    run: runHandle,
    approved: z.boolean().describe("Whether it may go on"),
    note: z.string().max(2000).optional().describe("Why, in a sentence")
  }),
  output: runRecord,
  async run({ run, approved, note }, ctx) {
    return toRunRecord(await ctx.runs.signal(run, { approved, note }));
  },
  render: textOfRun
});
