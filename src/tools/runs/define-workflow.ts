import { z } from "zod";
import { additiveHere, defineTool } from "../../mcp/define-tool.ts";
import { givenWorkflow } from "../../mcp/workflow.ts";

export const defineWorkflow = defineTool({
  name: "define_workflow",
  title: "Define a workflow",
  description:
    "Keeps a workflow under its name, so that start_workflow can start it again and again. It takes the place of one of yours with this name; runs that have started go on as they were. Use list_workflows first, to see which names are taken; a workflow that runs once needs no name: give it to start_workflow.",
  toolset: "runs",
  scopes: ["mcp:use"],
  annotations: additiveHere,
  input: z.strictObject({ definition: givenWorkflow.describe("The workflow") }),
  output: z.object({
    workflow: z.string().describe("Its name: start_workflow takes it"),
    steps: z.int().describe("How many steps it has"),
    replaced: z.boolean().describe("Whether it took the place of another")
  }),
  async run({ definition }, ctx) {
    const replaced = await ctx.runs.define(definition);
    return { workflow: definition.name, steps: definition.steps.length, replaced };
  },
  render: ({ workflow, steps, replaced }) =>
    `Kept ${workflow} (${steps} steps)${replaced ? " in place of the one before" : ""}. Start it with start_workflow.`
});
