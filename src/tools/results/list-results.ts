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
  input: z.strictObject({ limit: z.int().min(1).max(MAX_RESULTS).default(20).describe("How many results to return") }),
  output: z.object({ results: z.array(resultRecord) }),
  async run({ limit }, ctx) {
    return { results: (await ctx.results.list(limit)).map(toResultRecord) };
  },
  render: ({ results }) => (results.length === 0 ? "No results are stored." : results.map(lineOfResult).join("\n"))
});
