import { z } from "zod";
import { defineTool, readOnlyHere } from "../../mcp/define-tool.ts";
import { RUN_STATES } from "../../mcp/runs.ts";
import { runRecord, textOfRun, toRunRecord } from "./run-record.ts";

/** What a list shows of what its runs wait for or failed with, bytes: a hundred must fit one message, and a few may show more of each. */
const TEXTS_BYTES = 8 * 1024;
const MAX_SHOWN_BYTES = 400;

export const listRuns = defineTool({
  name: "list_runs",
  title: "List runs",
  description:
    "Lists the runs of workflows that were started in any session, newest first, and how each stands. Use get_run for the steps and the output of one.",
  toolset: "runs",
  scopes: ["mcp:use"],
  annotations: readOnlyHere,
  input: z.strictObject({
    state: z.enum(RUN_STATES).optional().describe("Only runs in this state"),
    limit: z.int().min(1).max(100).default(20).describe("How many runs to return")
  }),
  output: z.object({ runs: z.array(runRecord) }),
  async run({ state, limit }, ctx) {
    const runs = await ctx.runs.list({ state, limit });
    const shownBytes = Math.min(MAX_SHOWN_BYTES, TEXTS_BYTES / (2 * runs.length));
    return { runs: runs.map((record) => toRunRecord(record, shownBytes)) };
  },
  render: ({ runs }) => (runs.length === 0 ? "No runs match." : runs.map(toLine).join("\n"))
});

/** What a run waits for, and why it failed, is often why somebody lists them. */
const toLine = (run: z.output<typeof runRecord>): string => textOfRun(run).replaceAll("\n", "; ");
