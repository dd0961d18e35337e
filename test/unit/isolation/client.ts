import { parseEvents } from "../../support/session.ts";
import { envelope, toHeaders } from "../../support/stateless.ts";
import { begin, type Somebody, send } from "../session/in-worker.ts";

/** The ways in which a request reaches the Worker. */
export const WIRES = ["HTTP", "WebSocket", "stateless"] as const;

export type Wire = (typeof WIRES)[number];

/** A client that sees all of what it is answered. */
export interface Client {
  readonly wire: Wire;
  readonly headers: Record<string, string>;
  /** The id of its session; empty in the stateless era. */
  readonly session: string;
  /** The whole answer to a request, as text: status, headers and body. */
  ask(method: string, params: Record<string, unknown>): Promise<string>;
  close(): void;
}

/** Connects somebody. */
export async function connect(wire: Wire, { headers }: Somebody): Promise<Client> {
  if (wire === "stateless")
    return { wire, headers, session: "", ask: (method, params) => askStateless(headers, method, params), close() {} };
  const session = await begin(headers);
  if (wire === "WebSocket") return { wire, headers, session, ...(await openSocket(headers, session)) };
  return {
    wire,
    headers,
    session,
    ask: async (method, params) => textOf(await send("POST", session, { id: 1, method, params }, headers)),
    close() {}
  };
}

async function askStateless(headers: Record<string, string>, method: string, params: Record<string, unknown>): Promise<string> {
  const message = { id: 1, method, params: { ...params, _meta: { ...envelope(), ...(params._meta as object) } } };
  return textOf(await send("POST", undefined, message, { ...toHeaders(method, params), ...headers }));
}

/** A socket that was opened in a session. */
export interface Socket extends Pick<Client, "ask" | "close"> {
  readonly frames: readonly string[];
  send(message: object): void;
}

/** Opens a socket; throws where the upgrade is refused. */
export async function openSocket(headers: Record<string, string>, session: string): Promise<Socket> {
  const response = await send("GET", session, undefined, { ...UPGRADE, ...headers });
  const { webSocket: socket } = response;
  if (!socket) throw new Error(`The upgrade was answered with ${await textOf(response)}`);
  const frames: string[] = [];
  socket.addEventListener("message", ({ data }) => void frames.push(String(data)));
  socket.accept();
  const sendMessage = (message: object) => socket.send(JSON.stringify({ jsonrpc: "2.0", ...message }));
  return {
    frames,
    send: sendMessage,
    close: () => socket.close(),
    async ask(method, params) {
      const before = frames.length;
      sendMessage({ id: 1, method, params });
      for (let waited = 0; frames.length === before; waited++) {
        if (waited > 1000) throw new Error(`Nobody answered ${method}.`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return frames.slice(before).join("\n");
    }
  };
}

/** What a client sends to get a socket. */
export const UPGRADE = { upgrade: "websocket", "sec-websocket-protocol": "mcp" };

/**
 * A response, whole: status, headers and body; of a stream that stays open, as that of a GET does, its beginning. The answer to a
 * request reads the same whether it came as JSON or, half a second later, as a stream.
 */
export async function textOf(response: Response, method = "POST"): Promise<string> {
  const { status, headers, webSocket } = response;
  webSocket?.accept();
  webSocket?.close();
  const lines = [...headers].map((header) => header.join(": "));
  const text = (body: string) => [status, ...lines.sort(), body].join("\n");
  if (webSocket) return text("");
  if (headers.get("content-type") !== "text/event-stream") return text(await response.text());
  if (method === "GET") return text(await beginningOf(response));
  const { message } = parseEvents(await response.text()).at(-1) ?? {};
  lines.splice(0, lines.length, ...lines.filter((line) => !OF_STREAMS.test(line)), "content-type: application/json");
  return text(JSON.stringify(message));
}

const OF_STREAMS = /^(content-type|x-accel-buffering):/;

const BEGINNING_MS = 50;

async function beginningOf({ body }: Response): Promise<string> {
  const reader = body?.getReader();
  const over = new Promise<undefined>((resolve) => setTimeout(resolve, BEGINNING_MS));
  let text = "";
  for (;;) {
    const read = await Promise.race([reader?.read(), over]);
    if (!read?.value) break;
    text += new TextDecoder().decode(read.value);
  }
  reader?.cancel().catch(() => {});
  return text;
}
