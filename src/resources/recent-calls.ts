import { defineResource } from "../mcp/define-resource.ts";
import { toRecordedCalls } from "../tools/history/recorded-call.ts";

export const recentCalls = defineResource({
  uri: "calls://recent",
  name: "recent_calls",
  title: "Recent calls",
  description: "The 20 newest tool calls of the history, as list_calls shows them.",
  mimeType: "application/json",
  toolset: "history",
  scopes: ["mcp:use"],
  changesWith: "calls",
  async read(_, ctx) {
    const { calls } = await ctx.history.list({ limit: 20 });
    return { calls: toRecordedCalls(calls) };
  }
});
