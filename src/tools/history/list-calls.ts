import { z } from "zod";
import { defineTool, readOnlyHere } from "../../mcp/define-tool.ts";
import { callFilter, toFilter } from "./call-filter.ts";
import { recordedCall, toRecordedCalls } from "./recorded-call.ts";

export const listCalls = defineTool({
  name: "list_calls",
  title: "List earlier calls",
  description:
    "Lists the tool calls made so far in all sessions, newest first: what was asked, when, and how it ended. Use get_call for one in full.",
  toolset: "history",
  scopes: ["mcp:use"],
  annotations: readOnlyHere,
  input: z.strictObject({
    ...callFilter,
    limit: z.int().min(1).max(100).default(20).describe("How many calls to return"),
    cursor: z.string().max(24).optional().describe("nextCursor of the page before")
  }),
  output: z.object({
    calls: z.array(recordedCall),
    nextCursor: z.string().optional().describe("Pass it as cursor for the calls before these; absent on the last page")
  }),
  async run(query, ctx) {
    const page = await ctx.history.list({ ...toFilter(query), limit: query.limit, cursor: query.cursor });
    return { calls: toRecordedCalls(page.calls), nextCursor: page.nextCursor };
  },
  render({ calls, nextCursor }) {
    if (calls.length === 0) return "No calls match.";
    const lines = calls.map(({ call, tool, outcome, startedAt, durationMs, arguments: args, preview }) =>
      [
        `${startedAt} ${tool} ${outcome}${durationMs === undefined ? "" : ` after ${durationMs} ms`} (${call})`,
        args,
        preview && `→ ${JSON.stringify(preview)}`
      ]
        .filter(Boolean)
        .join(" ")
    );
    return [...lines, ...(nextCursor === undefined ? [] : [`More with cursor ${nextCursor}.`])].join("\n");
  }
});
