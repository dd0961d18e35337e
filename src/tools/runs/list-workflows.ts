import { z } from "zod";
import { cutToJsonBytes, utf8Bytes } from "../../lib/text.ts";
import { defineTool, readOnlyHere } from "../../mcp/define-tool.ts";
import type { WorkflowSummary } from "../../mcp/runs.ts";

/** What a list shows, bytes as JSON: a hundred workflows must fit one message, and a few may show more of each. */
const MAX_WORKFLOWS = 100;
const TITLES_BYTES = 4 * 1024;
const DESCRIPTIONS_BYTES = 8 * 1024;
const INPUTS_BYTES = 20 * 1024;

const workflow = z.object({
  workflow: z.string().describe("Its name: start_workflow takes it"),
  title: z.string().optional(),
  description: z.string().optional().describe("What it does, cut where it is long"),
  inputs: z
    .record(z.string(), z.json())
    .optional()
    .describe("JSON Schema of what it is started with; absent where it is too long for this list: ask for the workflow by its name"),
  steps: z.int().describe("How many steps it has"),
  isShipped: z.boolean().describe("It comes with the server")
});

export const listWorkflows = defineTool({
  name: "list_workflows",
  title: "List workflows",
  description:
    "Lists the workflows that start_workflow can start by name, and what each is started with. Use list_runs for those that were started.",
  toolset: "runs",
  scopes: ["mcp:use"],
  annotations: readOnlyHere,
  input: z.strictObject({ workflow: z.string().max(64).optional().describe("Only the one of this name") }),
  output: z.object({
    workflows: z.array(workflow).describe("100 at most"),
    leftOut: z.int().optional().describe("How many more there are: ask for them by name")
  }),
  async run({ workflow: name }, ctx) {
    const found = (await ctx.runs.workflows()).filter((summary) => name === undefined || summary.name === name);
    const shown = found.slice(0, MAX_WORKFLOWS);
    const leftOut = found.length - shown.length;
    return { workflows: shown.map((summary) => toShown(summary, shown.length)), ...(leftOut > 0 && { leftOut }) };
  },
  render({ workflows, leftOut }) {
    if (workflows.length === 0) return "There is no such workflow. Keep one with define_workflow.";
    const lines = workflows.flatMap(({ workflow: name, title, description, inputs, steps }) => [
      `${name}${title === undefined ? "" : `: ${JSON.stringify(title)}`} (${steps} steps)`,
      ...(description === undefined ? [] : [`  ${JSON.stringify(description)}`]),
      `  starts with ${inputs === undefined ? "inputs that are too long for this list: ask for it by its name" : JSON.stringify(inputs)}`
    ]);
    return [...lines, ...(leftOut === undefined ? [] : [`${leftOut} more: ask for them by name.`])].join("\n");
  }
});

function toShown({ name, title, description, inputs, steps, isShipped }: WorkflowSummary, count: number): z.input<typeof workflow> {
  const json = JSON.stringify(inputs);
  return {
    ...{ workflow: name, steps, isShipped },
    title: title && cutToJsonBytes(title, TITLES_BYTES / count),
    description: description && cutToJsonBytes(description, DESCRIPTIONS_BYTES / count),
    // Written and read again, they have no undefined members.
    ...(utf8Bytes(json) <= INPUTS_BYTES / count && { inputs: JSON.parse(json) })
  };
}
