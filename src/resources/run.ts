import { defineResource } from "../mcp/define-resource.ts";
import { toRunDetails } from "../tools/runs/run-details.ts";

export const runResource = defineResource({
  uri: "run://{run}",
  name: "run",
  title: "A run of a workflow",
  description:
    "How a run stands: its steps, what it waits for, why it failed, and its output once it is completed. Its handle is that of list_runs.",
  mimeType: "application/json",
  toolset: "runs",
  scopes: ["mcp:use"],
  async read({ run }, ctx) {
    return toRunDetails(await ctx.runs.get(run, 0));
  }
});
