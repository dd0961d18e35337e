import { DurableObject } from "cloudflare:workers";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";
import { createCallsTable, insertCall } from "./call-row.ts";

/** The SDK as its documentation shows it, a server for each request, in an object that keeps the history. */
export class SessionAgent extends DurableObject<Env> {
  readonly #handler = createMcpHandler(() => this.#createServer());

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    createCallsTable(ctx.storage.sql);
  }

  override fetch(request: Request): Promise<Response> {
    return this.#handler.fetch(request);
  }

  #createServer(): McpServer {
    const server = new McpServer({ name: "bench", version: "1.0.0" });
    const inputSchema = z.object({ text: z.string().describe("What to answer") });
    const outputSchema = z.object({ text: z.string() });
    server.registerTool("echo", { description: "Answers what it was told.", inputSchema, outputSchema }, async ({ text }) => {
      insertCall(this.ctx.storage.sql, { tool: "echo", era: "stateless", arguments: JSON.stringify({ text }), preview: text });
      return { content: [{ type: "text", text }], structuredContent: { text } };
    });
    return server;
  }
}

/** The configuration binds one; this lane has no use for it. */
export class Home extends DurableObject {}

export default {
  fetch(request, env) {
    const name = request.headers.get("authorization") ?? "";
    return env.SESSION.get(env.SESSION.idFromName(name)).fetch(request);
  }
} satisfies ExportedHandler<Env>;
