import { z } from "zod";
import { cutToJsonBytes } from "../../lib/text.ts";
import { defineTool, readOnlyHere } from "../../mcp/define-tool.ts";

/** A hundred sessions must fit one message. */
const MAX_CLIENT_BYTES = 100;

export const listSessions = defineTool({
  name: "list_sessions",
  title: "List sessions",
  description: "Lists the sessions in which tools were called, the latest first. Use list_calls with a session's handle for its calls.",
  toolset: "history",
  scopes: ["mcp:use"],
  annotations: readOnlyHere,
  input: z.strictObject({ limit: z.int().min(1).max(100).default(20).describe("How many sessions to return") }),
  output: z.object({
    sessions: z.array(
      z.object({
        session: z.string().describe("Handle: list_calls and end_session take it"),
        client: z.string().describe("name/version of the client"),
        firstCallAt: z.string().describe("ISO 8601"),
        lastCallAt: z.string().describe("ISO 8601"),
        calls: z.int().describe("How many calls were made in it"),
        endedAt: z.string().optional().describe("ISO 8601; absent while it goes on"),
        isThis: z.boolean().describe("Whether this very call came in it")
      })
    )
  }),
  async run({ limit }, ctx) {
    const sessions = await ctx.history.sessions(limit);
    return {
      sessions: sessions.map(({ session, client, firstMs, lastMs, calls, endedMs, isThis }) => ({
        ...{ session, calls, isThis, client: cutToJsonBytes(client, MAX_CLIENT_BYTES) },
        firstCallAt: toIso(firstMs),
        lastCallAt: toIso(lastMs),
        ...(endedMs !== undefined && { endedAt: toIso(endedMs) })
      }))
    };
  },
  render({ sessions }) {
    if (sessions.length === 0) return "No session has made a call yet.";
    return sessions
      .map(({ session, client, calls, firstCallAt, lastCallAt, endedAt, isThis }) => {
        const state = endedAt === undefined ? "" : `, ended ${endedAt}`;
        return `${session} ${client}: ${calls} calls, first ${firstCallAt}, last ${lastCallAt}${state}${isThis ? " (this one)" : ""}`;
      })
      .join("\n");
  }
});

const toIso = (ms: number): string => new Date(ms).toISOString();
