import { z } from "zod";
import { defineTool, readOnlyHere } from "../../mcp/define-tool.ts";
import { lineOfResult, resultRecord, toResultRecord } from "./result-record.ts";

const MAX_RESULTS = 50;

export const listResults = defineTool({
  name: "list_results",
  title: "List stored results",
  description:
    "Lists the results that were too large for a message and are stored, of all sessions, newest first. Use read_result to read one, delete_result to make room.",
  toolset: "results",
  scopes: ["mcp:use"],
  annotations: readOnlyHere,
  input: z.strictObject({
    limit: z.int().min(1).max(MAX_RESULTS).default(20).describe("How many results to return"),
    cursor: z.string().max(64).optional().describe("nextCursor of the page before")
  }),
  output: z.object({
    results: z.array(resultRecord),
    nextCursor: z.string().optional().describe("Pass it as cursor for the results before these; absent on the last page")
  }),
  async run({ limit, cursor }, ctx) {
    const found = await ctx.results.list(limit + 1, cursor);
    const results = found.slice(0, limit).map(toResultRecord);
    return { results, nextCursor: found.length > limit ? results.at(-1)?.result : undefined };
  },
  render({ results, nextCursor }) {
    if (results.length === 0) return "No results are stored.";
    return [...results.map(lineOfResult), ...(nextCursor === undefined ? [] : [`More with cursor ${nextCursor}.`])].join("\n");
  }
});
