import { z } from "zod";
import { defineTool, destructiveHere } from "../../mcp/define-tool.ts";
import { isEnded } from "../../mcp/runs.ts";
import { runHandle, runRecord, textOfRun, toRunRecord } from "./run-record.ts";

export const cancelRun = defineTool({
  name: "cancel_run",
  title: "Cancel a run",
  description:
    "Ends a run before it is completed. What its steps did stays done, and a write that is in flight settles first. Use get_run first, to see where it is.",
  toolset: "runs",
  scopes: ["mcp:use"],
  annotations: destructiveHere,
  input: z.strictObject({ run: runHandle }),
  output: runRecord,
  async run({ run }, ctx) {
    return toRunRecord(await ctx.runs.cancel(run));
  },
  render: (record) => (isEnded(record.state) ? textOfRun(record) : `It ends once its step has settled.\n${textOfRun(record)}`)
});
