import { z } from "zod";
import { defineTool, destructiveHere } from "../../mcp/define-tool.ts";
import { InvalidInput } from "../../mcp/errors.ts";
import { callFilter, toFilter } from "./call-filter.ts";

export const deleteCalls = defineTool({
  name: "delete_calls",
  title: "Delete earlier calls",
  description:
    "Deletes calls of the history for good, in all sessions: those of the handles, or those that match the filter. Use list_calls with the same filter first, to see what would go. Calls that are not settled stay.",
  toolset: "history",
  scopes: ["mcp:delete"],
  annotations: destructiveHere,
  input: z.strictObject({
    calls: z.array(z.string().max(64)).min(1).max(100).optional().describe("Handles of the calls; no filter then"),
    ...callFilter,
    session: callFilter.session.unwrap().optional().describe(`${callFilter.session.description}. Say "all" to delete everywhere`)
  }),
  output: z.object({
    deleted: z.int().describe("How many calls were deleted"),
    hasMore: z.boolean().describe("More match than one call deletes: call again")
  }),
  async run({ calls, ...filter }, ctx) {
    const isFiltered = Object.values(filter).some((value) => value !== undefined);
    if (calls !== undefined && isFiltered) throw new InvalidInput("Give either calls or a filter, not both. Nothing was deleted.");
    if (calls !== undefined) return ctx.history.delete({ calls });
    if (!isFiltered)
      throw new InvalidInput('Say which calls: their handles, a filter, or session "all" for all of them. Nothing was deleted.');
    return ctx.history.delete(toFilter({ ...filter, session: filter.session ?? "all" }));
  },
  render: ({ deleted, hasMore }) => `Deleted ${deleted} calls.${hasMore ? " More match: call again." : ""}`
});
