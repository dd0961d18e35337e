import { z } from "zod";
import { defineTool, destructiveHere } from "../../mcp/define-tool.ts";
import { resultHandle } from "./result-record.ts";

export const deleteResult = defineTool({
  name: "delete_result",
  title: "Delete a stored result",
  description:
    "Deletes a stored result for good, and makes room for others. The call that made it stays in the history. Use list_results to find it; without this it is deleted when it expires.",
  toolset: "results",
  scopes: ["mcp:delete"],
  annotations: destructiveHere,
  input: z.strictObject({ result: resultHandle }),
  output: z.object({ deleted: z.string().describe("The handle, which names nothing from here on") }),
  async run({ result }, ctx) {
    await ctx.results.remove(result);
    return { deleted: result };
  },
  render: ({ deleted }) => `Deleted ${deleted}.`
});
