import { z } from "zod";
import { defineTool, destructiveHere } from "../../mcp/define-tool.ts";

export const endSession = defineTool({
  name: "end_session",
  title: "End a session",
  description:
    "Ends one session: its streams and sockets close, and its id is not accepted again. Its calls stay in the history. Use list_sessions to find it.",
  toolset: "history",
  scopes: ["mcp:use"],
  annotations: destructiveHere,
  input: z.strictObject({ session: z.string().max(64).describe("Handle of the session, as in ses_3kx9q2mf_0_7qzd") }),
  output: z.object({ ended: z.boolean().describe("false: it was ended before") }),
  async run({ session }, ctx) {
    return { ended: await ctx.history.endSession(session) };
  },
  render: ({ ended }) => (ended ? "The session has ended." : "The session was ended before.")
});
