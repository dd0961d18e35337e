import { DurableObject } from "cloudflare:workers";

interface EchoRequest {
  readonly id: number;
  readonly params: { readonly name: string; readonly arguments: { readonly text: string } };
}

/** What a durable answer costs at least: one object, one row like those of `calls`, the bytes that the other lanes answer. */
export class SessionAgent extends DurableObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec(
      `CREATE TABLE IF NOT EXISTS calls (
         seq INTEGER PRIMARY KEY, tool TEXT NOT NULL, outcome TEXT NOT NULL, started_ms INTEGER NOT NULL, duration_ms INTEGER,
         era TEXT NOT NULL, client TEXT NOT NULL, trace TEXT, arguments TEXT, preview TEXT, result TEXT, error TEXT
       ) STRICT`
    );
  }

  override async fetch(request: Request): Promise<Response> {
    const { id, params } = await request.json<EchoRequest>();
    const { text } = params.arguments;
    this.ctx.storage.sql.exec(
      "INSERT INTO calls (tool, outcome, started_ms, duration_ms, era, client, arguments, preview, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      params.name,
      "ok",
      Date.now(),
      0,
      "sessionful",
      "bench/1.0.0",
      JSON.stringify(params.arguments),
      text,
      null
    );
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
