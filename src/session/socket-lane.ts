import { nestsDeeperThan } from "../lib/json.ts";
import { utf8Bytes } from "../lib/text.ts";
import { showStack } from "../mcp/calls/redact.ts";
import type { Catalog } from "../mcp/catalog.ts";
import type { Caller } from "../mcp/principal.ts";
import { isMessage, isNotification, isRequest, type Message, type Request, type RequestId, RPC_CODES } from "../mcp/protocol/json-rpc.ts";
import { INITIALIZE_FAULT, readInitialize, toInitializeResult } from "../mcp/requests/initialize.ts";
import { isNameless, SESSION_TTL_MS, type SessionInit } from "../mcp/signed/session-id.ts";
import type { ReplyPort } from "../sdk/reply-port.ts";
import type { Serve, Switchboard } from "../sdk/switchboard.ts";
import type { Events } from "../stores/events.ts";
import type { SocketAttachment, Sockets } from "./sockets.ts";

/** What a {@link SocketLane} is made of. */
export interface SocketLaneOptions {
  readonly catalog: Catalog;
  readonly switchboard: Switchboard;
  readonly events: Events;
  readonly sockets: Sockets;
  readonly limits: SocketLimits;
  /** Connects the session for its first request and gives what serves it; throws if nobody knows the client yet. */
  connect(attachment: SocketAttachment): Promise<Serve>;
  /** Tells the session who its client is, and mints its id anew so that it says so too. */
  introduce(init: SessionInit, attachment: SocketAttachment): string;
  /** Who opened a socket, and with what; `undefined` if nobody can tell any more. */
  callerOf(attachment: SocketAttachment): Caller | undefined;
  /** Whether credentials that were good still are. */
  isStillValid(attachment: SocketAttachment): Promise<boolean>;
  holdWhile(done: Promise<void>): void;
}

/** What one socket may do. */
export interface SocketLimits {
  readonly messageBytes: number;
  readonly nesting: number;
  /** How many requests of one socket may be served at a time. */
  readonly inFlight: number;
  /** How many messages that are not served as requests one socket may send in a second. */
  readonly messagesPerSecond: number;
  /** How much may be sent to a client that sends nothing itself, bytes. */
  readonly unheardBytes: number;
  /** How long credentials are believed without a look, milliseconds. */
  readonly credentialsMs: number;
}

/** Why the server closes a socket: https://www.rfc-editor.org/rfc/rfc6455#section-7.4 and, from 4000 on, our own. */
const CLOSE = { notText: 1003, flood: 1008, tooLarge: 1009, failed: 1011, notReading: 1013, credentials: 4401, session: 4404 } as const;

/** MCP over a hibernating WebSocket, one message a frame: what a socket needs to know after a sleep stands in its attachment. */
export class SocketLane {
  readonly #options: SocketLaneOptions;
  /** What is being served, by the name of the socket that asked. */
  readonly #inFlight = new Map<string, Set<Promise<void>>>();
  readonly #traffic = new Map<string, Traffic>();

  constructor(options: SocketLaneOptions) {
    this.#options = options;
  }

  /** Takes a frame. Settles when what it asked for is answered: until then the object may not sleep. */
  async receive(socket: WebSocket, frame: string | ArrayBuffer): Promise<void> {
    const { sockets, limits } = this.#options;
    const attachment = sockets.attachmentOf(socket);
    if (!attachment) return; // a reader of a stream, who sends nothing
    if (typeof frame !== "string") return close(socket, CLOSE.notText, "MCP is text");
    if (utf8Bytes(frame) > limits.messageBytes)
      return close(socket, CLOSE.tooLarge, `a message holds at most ${limits.messageBytes} bytes`);
    this.#trafficOf(attachment.name).unheardBytes = 0;
    if (Date.now() >= attachment.init.issuedMs + SESSION_TTL_MS) return close(socket, CLOSE.session, "the session has expired");
    if (!(await this.#isAuthenticated(socket, attachment))) return;
    const message = this.#parse(socket, frame);
    // Requests have a bound of their own, in flight; whatever else comes has one in a second.
    const isFree = message !== undefined && isRequest(message);
    if (!isFree && this.#floods(attachment.name)) return close(socket, CLOSE.flood, "too many messages in a second");
    if (message) await this.#dispatch(socket, message);
  }

  /** The socket has gone. Its calls complete; their answers are kept for who resumes it. */
  drop(socket: WebSocket): void {
    const { sockets, holdWhile } = this.#options;
    const name = sockets.attachmentOf(socket)?.name;
    if (name === undefined) return;
    this.#traffic.delete(name);
    const work = this.#inFlight.get(name);
    if (work) holdWhile(Promise.all(work).then(() => {}));
  }

  /** Sends to a socket that took the place of another what came while there was none. */
  resume(socket: WebSocket, name: string): void {
    const kept = this.#options.events.take(streamOf(name));
    for (const frame of kept?.split("\n") ?? []) if (frame !== "") socket.send(frame);
  }

  /** Sends what belongs to no request to the newest socket; `false` if there is none. */
  announce(message: Message): boolean {
    const { sockets } = this.#options;
    const socket = sockets.all().at(-1);
    const attachment = socket && sockets.attachmentOf(socket);
    if (!socket || !attachment) return false;
    void this.#isAuthenticated(socket, attachment).then((isGood) => {
      if (isGood) this.#send(attachment.name, JSON.stringify(message));
    });
    return true;
  }

  #parse(socket: WebSocket, frame: string): Message | undefined {
    const fault = (code: number, reason: string, message: string) => void sendTo(socket, toError(null, code, reason, message));
    if (nestsDeeperThan(frame, this.#options.limits.nesting)) {
      fault(RPC_CODES.invalidRequest, "nested_too_deeply", "The message nests too deeply.");
      return undefined;
    }
    try {
      const parsed: unknown = JSON.parse(frame);
      if (isMessage(parsed)) return parsed;
      fault(RPC_CODES.invalidRequest, "invalid_request", "The frame is not one JSON-RPC 2.0 message of this protocol.");
    } catch {
      fault(RPC_CODES.parseError, "parse_error", "The frame is not JSON.");
    }
    return undefined;
  }

  async #dispatch(socket: WebSocket, message: Message): Promise<void> {
    const { switchboard, sockets } = this.#options;
    const attachment = sockets.attachmentOf(socket);
    if (!attachment) return;
    if (isNotification(message)) switchboard.notify(message, attachment.name);
    else if (!isRequest(message)) switchboard.answer(message);
    else if (message.method === "initialize") sendTo(socket, this.#initialize(socket, attachment, message));
    else await this.#serve(socket, attachment, message);
  }

  #initialize(socket: WebSocket, attachment: SocketAttachment, { id, params = {} }: Request): object {
    const { catalog, introduce, sockets } = this.#options;
    const said = readInitialize(params, attachment.init.issuedMs);
    if (!said) return toError(id, RPC_CODES.invalidParams, "invalid_params", INITIALIZE_FAULT);
    // A session that was begun elsewhere has agreed on its revision already.
    const init = isNameless(attachment.init) ? said : { ...said, revision: attachment.init.revision };
    const session = introduce(init, attachment);
    sockets.attach(socket, { ...attachment, init });
    const _meta = { "dormouse/session": session, "dormouse/socket": attachment.name };
    return { jsonrpc: "2.0", id, result: { ...toInitializeResult(catalog, init), _meta } };
  }

  async #serve(socket: WebSocket, attachment: SocketAttachment, request: Request): Promise<void> {
    const { name, init, slicePath } = attachment;
    const { catalog, switchboard, connect, limits, callerOf } = this.#options;
    const refuse = (reason: string, message: string) => void sendTo(socket, toError(request.id, RPC_CODES.badSession, reason, message));
    const caller = callerOf(attachment);
    if (!caller) return close(socket, CLOSE.credentials, "the credentials are no longer valid");
    const slice = catalog.sliceAt(slicePath);
    if (isNameless(init) || !slice) return refuse("session_required", "Send initialize first.");
    const work = this.#inFlight.get(name) ?? new Set();
    if (work.size >= limits.inFlight) {
      if (this.#floods(name)) return close(socket, CLOSE.flood, "too many messages in a second");
      return refuse("too_many_in_flight", `This socket has ${limits.inFlight} requests in flight. Wait for an answer.`);
    }
    const done = connect(attachment).then(
      (serve) =>
        new Promise<void>((resolve) => switchboard.request(request, { ...caller, slice }, this.#portOf(name, socket, resolve), serve))
    );
    this.#inFlight.set(name, work.add(done));
    try {
      await done;
    } catch (error) {
      logFailure("session_not_connected", error);
      sendTo(socket, toError(request.id, RPC_CODES.internalError, "internal_error", "The server failed unexpectedly. Try again."));
    } finally {
      work.delete(done);
      if (work.size === 0) this.#inFlight.delete(name);
    }
  }

  /** Sends to whichever socket has the name at the time: it may have been resumed. */
  #portOf(name: string, asker: WebSocket, done: () => void): ReplyPort {
    const { events, sockets } = this.#options;
    return {
      origin: name,
      get isLeft() {
        return sockets.named(name, asker) === undefined;
      },
      send: (message, isFinal) => {
        const frame = JSON.stringify(message);
        const isSent = this.#send(name, frame, asker);
        if (!isFinal) return;
        try {
          if (!isSent) events.append(streamOf(name), `${frame}\n`);
        } finally {
          done(); // whatever became of the answer, nothing keeps the object awake
        }
      },
      cancel: done,
      closeStream() {}
    };
  }

  /** Tells whether there was a socket to send to. The runtime does not say how much of it is read, so what is unheard of has a bound. */
  #send(name: string, frame: string, asker?: WebSocket): boolean {
    const socket = this.#options.sockets.named(name, asker);
    if (!socket) return false;
    const traffic = this.#trafficOf(name);
    traffic.unheardBytes += utf8Bytes(frame);
    if (traffic.unheardBytes > this.#options.limits.unheardBytes) {
      close(socket, CLOSE.notReading, "the client does not read");
      return false;
    }
    return sendTo(socket, frame);
  }

  #trafficOf(name: string): Traffic {
    const known = this.#traffic.get(name);
    if (known) return known;
    const traffic = { second: 0, messages: 0, unheardBytes: 0 };
    this.#traffic.set(name, traffic);
    return traffic;
  }

  #floods(name: string): boolean {
    const traffic = this.#trafficOf(name);
    const second = Math.floor(Date.now() / 1000);
    traffic.messages = traffic.second === second ? traffic.messages + 1 : 1;
    traffic.second = second;
    return traffic.messages > this.#options.limits.messagesPerSecond;
  }

  /** Looks at the credentials again when they are old, and closes the socket where they are not good or nobody can tell. */
  async #isAuthenticated(socket: WebSocket, attachment: SocketAttachment): Promise<boolean> {
    const { sockets, limits, isStillValid } = this.#options;
    const nowMs = Date.now();
    const isExpired = attachment.expiresMs !== undefined && nowMs >= attachment.expiresMs;
    if (!isExpired && nowMs - attachment.checkedMs < limits.credentialsMs) return true;
    try {
      if (!isExpired && (await isStillValid(attachment))) {
        const current = sockets.attachmentOf(socket);
        if (current) sockets.attach(socket, { ...current, checkedMs: nowMs });
        return true;
      }
      close(socket, CLOSE.credentials, "the credentials are no longer valid");
    } catch (error) {
      logFailure("credentials_not_read", error);
      close(socket, CLOSE.failed, "the credentials could not be looked at; connect again");
    }
    return false;
  }
}

/** What one socket has sent and been sent. */
interface Traffic {
  second: number;
  /** What came in that second and was not served: notifications, answers, faults, requests too many. */
  messages: number;
  /** Sent since the client was last heard of. */
  unheardBytes: number;
}

/** The events that are kept for a socket that has gone. */
const streamOf = (name: string): string => `socket:${name}`;

function close(socket: WebSocket, code: number, reason: string): void {
  try {
    socket.close(code, reason);
  } catch {
    // It has gone by itself.
  }
}

function logFailure(event: string, error: unknown): void {
  console.error(JSON.stringify({ level: "error", event, stack: showStack(error) }));
}

/** Tells whether the socket took it. */
function sendTo(socket: WebSocket, message: object | string): boolean {
  try {
    socket.send(typeof message === "string" ? message : JSON.stringify(message));
    return true;
  } catch {
    return false;
  }
}

const toError = (id: RequestId | null, code: number, reason: string, message: string): object => ({
  jsonrpc: "2.0",
  id,
  error: { code, message, data: { reason } }
});
