import { request } from "node:http";
import type { Received } from "./session.ts";

/** A WebSocket that speaks MCP, as small as one can be. */
export class RawSocket {
  readonly received: Received[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #socket: WebSocket;
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      if (data !== "pong") this.received.push(JSON.parse(String(data)) as Received);
    });
    this.closed = new Promise((resolve) => {
      socket.addEventListener("close", ({ code, reason }) => resolve({ code, reason }));
    });
  }

  /** Opens a socket; rejects where the upgrade is refused. */
  static open(url: string, headers: Record<string, string> = {}): Promise<RawSocket> {
    // Node's WebSocket takes headers, which the standard's does not.
    const socket = new WebSocket(url.replace(/^http/, "ws"), { protocols: ["mcp"], headers } as unknown as string[]);
    return new Promise((resolve, reject) => {
      const raw = new RawSocket(socket);
      socket.addEventListener("open", () => resolve(raw));
      socket.addEventListener("error", () => reject(new Error("The upgrade was refused.")));
    });
  }

  /** Opens a socket and sends `initialize`. */
  static async begin(url: string, { headers = {}, capabilities = {} }: { headers?: Record<string, string>; capabilities?: object } = {}) {
    const socket = await RawSocket.open(url, headers);
    const params = { protocolVersion: "2025-11-25", capabilities, clientInfo: { name: "raw socket", version: "1" } };
    const { result } = await socket.request("initialize", params);
    const meta = result?._meta as Record<string, string> | undefined;
    return { socket, session: meta?.["dormouse/session"] ?? "", name: meta?.["dormouse/socket"] ?? "" };
  }

  send(frame: string | Uint8Array<ArrayBuffer> | object): void {
    this.#socket.send(typeof frame === "string" || frame instanceof Uint8Array ? frame : JSON.stringify(frame));
  }

  /** Sends a request and waits for its answer. */
  async request(method: string, params: object = {}, id: string | number = ++this.#lastId): Promise<Received> {
    this.send({ jsonrpc: "2.0", id, method, params });
    return this.next((message) => message.id === id && message.method === undefined);
  }

  /** The first message, received or to come, that is looked for; it is taken out. */
  async next(isWanted: (message: Received) => boolean, withinMs = 10_000): Promise<Received> {
    for (const deadline = Date.now() + withinMs; Date.now() < deadline; await new Promise((resolve) => setTimeout(resolve, 5))) {
      const index = this.received.findIndex(isWanted);
      const [found] = index < 0 ? [] : this.received.splice(index, 1);
      if (found) return found;
    }
    throw new Error(`It did not come. What came: ${JSON.stringify(this.received).slice(0, 500)}`);
  }

  close(): void {
    this.#socket.close();
  }
}

/** The HTTP status that an upgrade is answered with, 101 among them. */
export function upgradeStatus(url: string, headers: Record<string, string> = {}): Promise<number> {
  const upgrade = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA=="
  };
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers: { ...upgrade, "sec-websocket-protocol": "mcp", ...headers } });
    sent.on("response", (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on("upgrade", (response, socket) => {
      socket.destroy();
      resolve(response.statusCode ?? 0);
    });
    sent.on("error", reject);
    sent.end();
  });
}
