import { DurableObject } from "cloudflare:workers";
import { createCallsTable, insertCall } from "./call-row.ts";

interface EchoRequest {
  readonly id: number;
  readonly params: { readonly name: string; readonly arguments: { readonly text: string } };
}

/** What a durable answer costs at least: one object, one row like those of `calls`, the bytes that the other lanes answer. */
export class SessionAgent extends DurableObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    createCallsTable(ctx.storage.sql);
  }

  override async fetch(request: Request): Promise<Response> {
    const { id, params } = await request.json<EchoRequest>();
    const { text } = params.arguments;
    insertCall(this.ctx.storage.sql, {
      tool: params.name,
      era: "sessionful",
      arguments: JSON.stringify(params.arguments),
      preview: text
    });
    const body = JSON.stringify({ result: { content: [{ type: "text", text }], structuredContent: { text } }, jsonrpc: "2.0", id });
    return new Response(body, { headers: { "content-type": "application/json", "cache-control": "no-store" } });
  }
}

/** The configuration binds one; this lane has no use for it. */
export class Home extends DurableObject {}

export default {
  fetch(request, env) {
    const name = request.headers.get("mcp-session-id") ?? "";
    return env.SESSION.get(env.SESSION.idFromName(name)).fetch(request);
  }
} satisfies ExportedHandler<Env>;
