import { z } from "zod";
import { defineTool, readOnlyHere } from "../../src/mcp/define-tool.ts";

/** The tool that every lane serves. */
export const echo = defineTool({
  name: "echo",
  title: "Echo",
  description: "Answers what it was told.",
  toolset: "bench",
  scopes: ["mcp:use"],
  annotations: readOnlyHere,
  input: z.strictObject({ text: z.string().describe("What to answer") }),
  output: z.object({ text: z.string() }),
  run: async ({ text }) => ({ text }),
  render: ({ text }) => text
});
