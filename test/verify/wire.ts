/** A JSON-RPC message of the server, as far as the checks read it. */
export interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly progress?: number };
  readonly result?: {
    readonly isError?: boolean;
    readonly structuredContent?: Readonly<Record<string, unknown>>;
    readonly content?: readonly { readonly text?: string }[];
  };
  readonly error?: { readonly code: number; readonly message: string };
}

/** What came back for one call, once its answer was received to the last byte. */
export interface Received {
  readonly answer: Answer;
  /** Messages that came before the answer. */
  readonly before: readonly Answer[];
  readonly isStream: boolean;
  readonly headers: Headers;
}

/** A session on the wire without an SDK, so that what a check counts is what was sent and received. */
export interface WireSession {
  readonly id: string;
  /** Calls a tool once. Rejects if the connection ends before the answer is complete. */
  call(tool: string, args: object, options?: { wantsProgress?: boolean }): Promise<Received>;
}

const HEADERS = { "content-type": "application/json", accept: "application/json, text/event-stream" };
const REVISION = "2025-11-25";

/** Begins a session. */
export async function openSession(url: string): Promise<WireSession> {
  const params = { protocolVersion: REVISION, capabilities: {}, clientInfo: { name: "verify", version: "1" } };
  const response = await post(url, { jsonrpc: "2.0", id: 0, method: "initialize", params }, {});
  const id = response.headers.get("mcp-session-id");
  if (!id) throw new Error(`initialize answered ${response.status} without a session: ${await response.text()}`);
  await response.arrayBuffer();
  return resumeSession(url, id);
}

/** Goes on with a session, at another address after a restart. */
export function resumeSession(url: string, id: string): WireSession {
  const headers = { "mcp-session-id": id, "mcp-protocol-version": REVISION };
  let lastId = 0;
  return {
    id,
    async call(name, args, { wantsProgress = false } = {}) {
      const requestId = ++lastId;
      const params = { name, arguments: args, ...(wantsProgress && { _meta: { progressToken: requestId } }) };
      const response = await post(url, { jsonrpc: "2.0", id: requestId, method: "tools/call", params }, headers);
      if (!response.ok) throw new Error(`tools/call answered ${response.status}: ${await response.text()}`);
      return receive(response, requestId);
    }
  };
}

/** Every row of a history as a session reads it, its own or that of all sessions, newest first. */
export async function readHistory(session: WireSession, of: "this" | "all" = "this"): Promise<readonly Row[]> {
  const rows: Row[] = [];
  let cursor: unknown;
  do {
    const { answer } = await session.call("list_calls", { session: of, limit: 100, ...(cursor !== undefined && { cursor }) });
    const page = answer.result?.structuredContent;
    if (!page || answer.result?.isError) throw new Error(`list_calls failed: ${JSON.stringify(answer)}`);
    rows.push(...(page.calls as Row[])); // the output schema of list_calls
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return rows;
}

/** A row as list_calls shows it. */
export interface Row {
  readonly tool: string;
  readonly outcome: string;
  readonly arguments?: string;
  readonly preview?: string;
}

const post = (url: string, message: object, headers: Record<string, string>): Promise<Response> =>
  fetch(`${url}/mcp`, { method: "POST", headers: { ...HEADERS, ...headers }, body: JSON.stringify(message) });

async function receive(response: Response, requestId: number): Promise<Received> {
  const { headers } = response;
  const isStream = headers.get("content-type")?.startsWith("text/event-stream") ?? false;
  if (!isStream) return { answer: (await response.json()) as Answer, before: [], isStream, headers };
  const before: Answer[] = [];
  for await (const message of eventsOf(response)) {
    if (message.id === requestId && message.method === undefined) return { answer: message, before, isStream, headers };
    before.push(message);
  }
  throw new Error("The stream ended without the answer.");
}

/** The messages of a stream, each as soon as its last byte is there: the stream's own end may never come. */
async function* eventsOf({ body }: Response): AsyncGenerator<Answer> {
  let buffered = "";
  for await (const text of (body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
    buffered += text;
    const events = buffered.split("\n\n");
    buffered = events.pop() ?? "";
    for (const event of events) {
      const data = event
        .split("\n")
        .filter((line) => line.startsWith("data: "))
        .map((line) => line.slice("data: ".length));
      // The first event of a stream has an id and no data.
      if (data.some((line) => line !== "")) yield JSON.parse(data.join("\n")) as Answer;
    }
  }
}
