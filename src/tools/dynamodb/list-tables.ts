import { z } from "zod";
import { defineTool, readOnly } from "../../mcp/define-tool.ts";

export const listTables = defineTool({
  name: "list_tables",
  title: "List DynamoDB tables",
  description: "Lists the names of the DynamoDB tables that you may read. Use describe_table for the keys of one.",
  toolset: "dynamodb",
  scopes: ["aws:read"],
  annotations: readOnly,
  input: z.strictObject({}),
  output: z.object({ tables: z.array(z.string()) }),
  async run(_, ctx) {
    return { tables: [...(await ctx.dynamodb.listTables())] };
  },
  render: ({ tables }) => (tables.length === 0 ? "There is no table that you may read." : `${tables.length} tables: ${tables.join(", ")}`)
});
