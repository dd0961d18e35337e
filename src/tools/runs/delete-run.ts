import { z } from "zod";
import { defineTool, destructiveHere } from "../../mcp/define-tool.ts";
import { runHandle } from "./run-record.ts";

export const deleteRun = defineTool({
  name: "delete_run",
  title: "Delete a run",
  description:
    "Deletes a run that has ended for good, with its steps and its output. The calls that its steps made stay in the history. Use list_runs to find it, cancel_run first if it goes on.",
  toolset: "runs",
  scopes: ["mcp:delete"],
  annotations: destructiveHere,
  input: z.strictObject({ run: runHandle }),
  output: z.object({ deleted: z.string().describe("The handle, which names nothing from here on") }),
  async run({ run }, ctx) {
    await ctx.runs.remove(run);
    return { deleted: run };
  },
  render: ({ deleted }) => `Deleted ${deleted}.`
});
