import { z } from "zod";
import { additive, defineTool } from "../../mcp/define-tool.ts";
import { InvalidInput } from "../../mcp/errors.ts";
import { givenWorkflow } from "../../mcp/workflow.ts";
import { runRecord, textOfRun, toRunRecord } from "./run-record.ts";

export const startWorkflow = defineTool({
  name: "start_workflow",
  title: "Start a workflow",
  description:
    "Starts a run of several tool calls, waits and approvals that goes on while nobody is connected, and answers at once with its handle. Use list_workflows first for a name and its inputs, or give a definition; then get_run for how it stands.",
  toolset: "runs",
  scopes: ["mcp:use"],
  annotations: additive,
  input: z.strictObject({
    workflow: z.string().min(1).max(64).optional().describe("Name of a workflow; no definition then"),
    definition: givenWorkflow.optional().describe("A workflow to run once, without keeping it; no name then"),
    inputs: z.record(z.string(), z.json()).default({}).describe("What it is started with, as the workflow's inputs say")
  }),
  output: runRecord,
  async run({ workflow, definition, inputs }, ctx) {
    if ((workflow === undefined) === (definition === undefined))
      throw new InvalidInput("Give either workflow, the name of one, or definition. Nothing was started.");
    return toRunRecord(await ctx.runs.start({ workflow, definition, inputs }));
  },
  render: (record) => `Started. Ask get_run for how it stands.\n${textOfRun(record)}`
});
