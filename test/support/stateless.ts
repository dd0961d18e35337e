import { MCP_HEADERS, type Received, readMessages, type ToolAnswer } from "./session.ts";

/** What a request of the stateless era differs in from a plain one. */
export interface StatelessDetails {
  readonly id?: string | number;
  readonly capabilities?: object;
  /** More of `_meta`; a key that is `undefined` is left out. */
  readonly meta?: Record<string, unknown>;
  /** Other headers; one that is `undefined` is left out. */
  readonly headers?: Record<string, string | undefined>;
  readonly signal?: AbortSignal;
}

export const REVISION = "2026-07-28";

const NAMED: Readonly<Record<string, string>> = { "tools/call": "name", "prompts/get": "name", "resources/read": "uri" };

/** A stateless client as small as one can be: for what official clients do not let a test see. */
export class RawStateless {
  readonly #url: string;
  readonly #headers: Record<string, string>;
  #lastId = 0;

  constructor(url: string, headers: Record<string, string> = {}) {
    this.#url = url;
    this.#headers = headers;
  }

  /** Sends a request with its envelope and its headers. */
  post(method: string, params: Record<string, unknown> = {}, details: StatelessDetails = {}): Promise<Response> {
    const { id = ++this.#lastId, signal } = details;
    const body = { jsonrpc: "2.0", id, method, params: { ...params, _meta: envelope(details) } };
    return this.send(body, toHeaders(method, params, details), signal);
  }

  /** Sends a body as it is. */
  send(body: unknown, headers: Record<string, string>, signal?: AbortSignal): Promise<Response> {
    return fetch(this.#url, {
      method: "POST",
      headers: { ...this.#headers, ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
      ...(signal && { signal })
    });
  }

  /** Sends a request and reads every message of its answer, the final one last. */
  async request(method: string, params?: Record<string, unknown>, details?: StatelessDetails): Promise<Received[]> {
    return readMessages(await this.post(method, params, details));
  }

  /** Calls a tool and reads its result. */
  async call(name: string, args: object = {}, details?: StatelessDetails): Promise<ToolAnswer> {
    const answer = (await this.request("tools/call", { name, arguments: args }, details)).at(-1);
    if (!answer?.result) throw new Error(`${name} answered ${JSON.stringify(answer)}`);
    return answer.result as unknown as ToolAnswer;
  }
}

/** The envelope of a request. */
export function envelope({ capabilities = {}, meta = {} }: StatelessDetails = {}): Record<string, unknown> {
  return {
    "io.modelcontextprotocol/protocolVersion": REVISION,
    "io.modelcontextprotocol/clientInfo": { name: "raw", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": capabilities,
    ...meta
  };
}

/** The headers of a request, which mirror its body. */
export function toHeaders(
  method: string,
  params: Record<string, unknown> = {},
  { headers = {} }: StatelessDetails = {}
): Record<string, string> {
  const name = params[NAMED[method] ?? ""];
  const all = {
    ...MCP_HEADERS,
    "mcp-protocol-version": REVISION,
    "mcp-method": method,
    ...(typeof name === "string" && { "mcp-name": name }),
    ...headers
  };
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
