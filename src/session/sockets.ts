import { isNameless, type SessionInit } from "../mcp/signed/session-id.ts";
import type { SealedCaller } from "./sealed-caller.ts";

/** What a socket carries through the sleep of its object; 16 KiB at most. */
export interface SocketAttachment extends SealedCaller {
  /** Unlike that of any other socket of the session. Who resumes a socket takes its name. */
  readonly name: string;
  /** When the credentials were last looked at, milliseconds since the epoch. */
  readonly checkedMs: number;
  readonly slicePath: string;
  /** Who the client is; its revision is empty until `initialize`. */
  readonly init: SessionInit;
}

/** The sockets of a session that speak MCP, as the runtime keeps them. */
export class Sockets {
  readonly #ctx: DurableObjectState;
  /** What was read of the attachments: to read one is to parse it, and each frame needs it. */
  readonly #known = new WeakMap<WebSocket, SocketAttachment>();

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
  }

  /** Opens a socket that hibernates with its object. Ping is answered without waking it. */
  accept(attachment: SocketAttachment): { readonly socket: WebSocket; readonly response: Response } {
    const { 0: client, 1: server } = new WebSocketPair();
    this.named(attachment.name)?.close(1000, "resumed elsewhere");
    this.#ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
    this.#ctx.acceptWebSocket(server, [MCP, tagOf(attachment.name)]);
    server.serializeAttachment(attachment);
    const headers = { "sec-websocket-protocol": "mcp" };
    return { socket: server, response: new Response(null, { status: 101, webSocket: client, headers }) };
  }

  /** The open sockets, the newest last. */
  all(): WebSocket[] {
    return this.#ctx.getWebSockets(MCP).filter(isOpen);
  }

  /** The open socket of a name: the one that is guessed, unless another has taken its place. */
  named(name: string, guess?: WebSocket): WebSocket | undefined {
    if (guess && isOpen(guess)) return guess;
    return this.#ctx.getWebSockets(tagOf(name)).findLast(isOpen);
  }

  /** What a client said of itself over one of the open sockets. */
  introduced(): SessionInit | undefined {
    return this.all()
      .map((socket) => this.attachmentOf(socket)?.init)
      .find((init) => init !== undefined && !isNameless(init));
  }

  /** `undefined` for a socket that does not speak MCP. */
  attachmentOf(socket: WebSocket): SocketAttachment | undefined {
    const known = this.#known.get(socket);
    if (known) return known;
    const attachment = socket.deserializeAttachment() as SocketAttachment | null; // written by this class only
    if (attachment) this.#known.set(socket, attachment);
    return attachment ?? undefined;
  }

  attach(socket: WebSocket, attachment: SocketAttachment): void {
    this.#known.set(socket, attachment);
    socket.serializeAttachment(attachment);
  }
}

const MCP = "mcp";

const tagOf = (name: string): string => `mcp:${name}`;

const isOpen = ({ readyState }: WebSocket): boolean => readyState === WebSocket.READY_STATE_OPEN;
