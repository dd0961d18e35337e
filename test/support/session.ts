/** One JSON-RPC message that a server sent. */
export interface Received {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: { readonly [key: string]: unknown };
  readonly error?: { readonly code: number; readonly message: string; readonly data?: Record<string, unknown> };
}

/** The result of a tool, as a client reads it. */
export interface ToolAnswer {
  readonly content: readonly { readonly type: string; readonly text: string }[];
  readonly structuredContent?: Record<string, unknown>;
  readonly isError?: boolean;
}

/** The headers that every client of Streamable HTTP sends. */
export const MCP_HEADERS = { "content-type": "application/json", accept: "application/json, text/event-stream" } as const;

/** A sessionful client as small as one can be: for what official clients do not let a test see. */
export class RawSession {
  readonly id: string;
  readonly #url: string;
  readonly #headers: Record<string, string>;
  #lastId = 0;

  private constructor(url: string, id: string, headers: Record<string, string>) {
    this.#url = url;
    this.id = id;
    this.#headers = headers;
  }

  /** Begins a session with `initialize`. */
  static async begin(
    url: string,
    {
      headers = {},
      revision = "2025-11-25",
      capabilities = {}
    }: { headers?: Record<string, string>; revision?: string; capabilities?: object } = {}
  ): Promise<RawSession> {
    const params = { protocolVersion: revision, capabilities, clientInfo: { name: "raw", version: "1" } };
    const response = await fetch(url, {
      method: "POST",
      headers: { ...MCP_HEADERS, ...headers },
      body: JSON.stringify({ jsonrpc: "2.0", id: 0, method: "initialize", params })
    });
    const id = response.headers.get("mcp-session-id");
    if (id === null) throw new Error(`initialize answered ${response.status}: ${await response.text()}`);
    await response.body?.cancel();
    return new RawSession(url, id, headers);
  }

  /** Sends a body as it is, under this session's id. */
  post(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(this.#url, {
      method: "POST",
      headers: { ...MCP_HEADERS, "mcp-session-id": this.id, ...this.#headers, ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body)
    });
  }

  /** Sends a request and reads every message of its answer, the final one last. */
  async request(method: string, params: object = {}): Promise<Received[]> {
    return readMessages(await this.post({ jsonrpc: "2.0", id: ++this.#lastId, method, params }));
  }

  /** Calls a tool and reads its result. */
  async call(name: string, args: object = {}): Promise<ToolAnswer> {
    const answer = (await this.request("tools/call", { name, arguments: args })).at(-1);
    if (!answer?.result) throw new Error(`${name} answered ${JSON.stringify(answer)}`);
    return answer.result as unknown as ToolAnswer;
  }
}

/** Reads the messages of a response, whether it is JSON or a stream. */
export async function readMessages(response: Response): Promise<Received[]> {
  const text = await response.text();
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) return text === "" ? [] : [JSON.parse(text) as Received];
  return text
    .split("\n\n")
    .map((event) => /^data: (.+)$/m.exec(event)?.[1])
    .filter((data) => data !== undefined)
    .map((data) => JSON.parse(data) as Received);
}
