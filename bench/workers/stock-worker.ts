import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { McpAgent } from "agents/mcp";
import { z } from "zod";

/** The agents package as its documentation shows it. It keeps no history. */
export class SessionAgent extends McpAgent<Env> {
  server = new McpServer({ name: "bench", version: "1.0.0" });

  async init(): Promise<void> {
    const inputSchema = { text: z.string().describe("What to answer") };
    const outputSchema = { text: z.string() };
    this.server.registerTool("echo", { description: "Answers what it was told.", inputSchema, outputSchema }, async ({ text }) => ({
      content: [{ type: "text", text }],
      structuredContent: { text }
    }));
  }
}

/** The configuration binds one; this lane has no use for it. */
export class Home extends SessionAgent {}

export default SessionAgent.serve("/mcp", { binding: "SESSION" });
