import { z } from "zod";
import { additive, defineTool } from "../../mcp/define-tool.ts";
import { runHandle, runRecord, textOfRun, toRunRecord } from "./run-record.ts";

export const retryRun = defineTool({
  name: "retry_run",
  title: "Retry a run",
  description:
    "Lets a run that failed go on from the step that failed; the steps before it are not done again. Use get_run first, to see why it failed.",
  toolset: "runs",
  scopes: ["mcp:use"],
  annotations: additive,
  input: z.strictObject({ run: runHandle }),
  output: runRecord,
  async run({ run }, ctx) {
    return toRunRecord(await ctx.runs.retry(run));
  },
  render: textOfRun
});
