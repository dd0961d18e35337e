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
  readonly _meta?: Readonly<Record<string, unknown>>;
}

/** What a call differs in from a plain one. */
export interface CallDetails {
  readonly meta?: Record<string, unknown>;
  readonly signal?: AbortSignal;
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

  /** Goes on with a session that was begun before. */
  static resume(url: string, id: string): RawSession {
    return new RawSession(url, id, {});
  }

  /** Sends a body as it is, under this session's id. */
  post(body: unknown, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
    return fetch(this.#url, {
      method: "POST",
      headers: { ...MCP_HEADERS, "mcp-session-id": this.id, ...this.#headers, ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
      ...(signal && { signal })
    });
  }

  /** Sends a request and reads every message of its answer, the final one last. */
  async request(method: string, params: object = {}, signal?: AbortSignal): Promise<Received[]> {
    return readMessages(await this.post({ jsonrpc: "2.0", id: ++this.#lastId, method, params }, {}, signal));
  }

  /** Ends it, as its client may. */
  async end(): Promise<void> {
    const response = await fetch(this.#url, { method: "DELETE", headers: { "mcp-session-id": this.id, ...this.#headers } });
    if (response.status !== 204) throw new Error(`DELETE answered ${response.status}: ${await response.text()}`);
  }

  /** Calls a tool and reads its result. */
  async call(name: string, args: object = {}, { meta, signal }: CallDetails = {}): Promise<ToolAnswer> {
    const params = { name, arguments: args, ...(meta && { _meta: meta }) };
    const answer = (await this.request("tools/call", params, signal)).at(-1);
    if (!answer?.result) throw new Error(`${name} answered ${JSON.stringify(answer)}`);
    return answer.result as unknown as ToolAnswer;
  }
}

/**
 * Asks until the answer came before the half second after which it would be a stream: for tests of what a quick answer is, on a machine
 * that may be busy. An answer that is a stream each time is returned as it is.
 */
export async function promptly(ask: () => Promise<Response>): Promise<Response> {
  for (let asked = 1; ; asked++) {
    const response = await ask();
    if (asked === MAX_ASKED || !isStream(response)) return response;
    await response.text();
  }
}

const MAX_ASKED = 5;

const isStream = ({ headers }: Response) => headers.get("content-type")?.startsWith("text/event-stream") === true;

/** Reads the messages of a response, whether it is JSON or a stream. */
export async function readMessages(response: Response): Promise<Received[]> {
  const text = await response.text();
  if (isStream(response)) return parseEvents(text).flatMap(({ message }) => message ?? []);
  return text === "" ? [] : [JSON.parse(text) as Received];
}

/** One event of a stream; those without data carry no message. */
export interface StreamEvent {
  readonly id: string | undefined;
  readonly message: Received | undefined;
}

/** Reads the events of a stream that have arrived whole. */
export function parseEvents(text: string): StreamEvent[] {
  const whole = text.slice(0, text.lastIndexOf("\n\n") + 2);
  return whole
    .split("\n\n")
    .filter((event) => /^(id|data):/m.test(event))
    .map((event) => {
      const data = /^data: (.+)$/m.exec(event)?.[1];
      return { id: /^id: (.+)$/m.exec(event)?.[1], message: data === undefined ? undefined : (JSON.parse(data) as Received) };
    });
}

/** Reads a stream message by message, as they come. */
export async function* messagesOf(response: Response): AsyncGenerator<Received> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    const end = text.lastIndexOf("\n\n") + 2;
    yield* parseEvents(text.slice(0, end)).flatMap(({ message }) => message ?? []);
    text = text.slice(end);
  }
}

/** Reads a stream until `isEnough` of it has arrived, and leaves it open. */
export async function readUntil(response: Response, isEnough: (events: StreamEvent[]) => boolean): Promise<StreamEvent[]> {
  const reader = response.body?.getReader();
  let text = "";
  for (;;) {
    const { value, done } = (await reader?.read()) ?? { done: true };
    text += new TextDecoder().decode(value);
    const events = parseEvents(text);
    if (done || isEnough(events)) return events;
  }
}
