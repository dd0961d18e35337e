import type { Deadlines } from "../lib/deadlines.ts";
import { isNotification, isRequest, isResponse, type Message, type RequestId, RPC_CODES } from "../mcp/protocol/json-rpc.ts";
import { hasEmptyEvents } from "../mcp/protocol/revisions.ts";
import type { RequestScope, Serve, Switchboard } from "../sdk/switchboard.ts";
import type { Events } from "../stores/events.ts";
import { type EventLimits, EventStream, sendText, streamOf, textAfter, toEvent } from "./event-stream.ts";
import { Exchange } from "./exchange.ts";
import { headOf } from "./response-head.ts";
import { createStreamName, requestIdOf } from "./stream-name.ts";

/** What a {@link HttpLane} is made of. */
export interface HttpLaneOptions {
  readonly switchboard: Switchboard;
  readonly events: Events;
  readonly deadlines: Deadlines;
  readonly limits: StreamLimits;
  /** Keeps the object in memory until the calls of a client that has gone are settled. */
  holdWhile(done: Promise<void>): void;
  readonly readers: StreamReaders;
}

/** Times are milliseconds. */
export interface StreamLimits {
  /** Silence after which a response becomes a stream. */
  readonly silenceMs: number;
  /** How soon a client may come back for the rest of a stream. */
  readonly retryMs: number;
  /** How much may wait for a reader that does not read, bytes. */
  readonly queueBytes: number;
  readonly kept: EventLimits;
}

/** Those who read streams by GET: the Worker holds each response, the object a socket that hibernates. */
export interface StreamReaders {
  of(stream: string): WebSocket[];
  accept(stream: string): { readonly socket: WebSocket; readonly response: Response };
}

/** The stream of a GET that names no event. */
const STANDALONE = "get";

/** Streamable HTTP, the object's side: https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#streamable-http */
export class HttpLane {
  readonly #options: HttpLaneOptions;
  /** The streams whose calls are not settled. */
  readonly #live = new Map<string, Exchange>();
  #hadReader = false;

  constructor(options: HttpLaneOptions) {
    this.#options = options;
  }

  /** Answers one POST: 202 where nothing in it asks for an answer. */
  post(body: Message | Message[], revision: string, scope: RequestScope, serve: Serve): Response | Promise<Response> {
    const { switchboard } = this.#options;
    const messages = Array.isArray(body) ? body : [body];
    for (const message of messages) {
      if (isNotification(message)) switchboard.notify(message, Exchange.ORIGIN);
      else if (isResponse(message)) switchboard.answer(message);
    }
    const requests = messages.filter(isRequest);
    const [first] = requests;
    if (!first) return new Response(null, { status: 202 });
    const exchange = this.#createExchange(requests.length, Array.isArray(body), first.id, revision);
    for (const request of requests) switchboard.request(request, scope, exchange, serve);
    return exchange.response;
  }

  /** Answers one GET with a socket: the standalone stream, or the rest of one that broke off. */
  get(lastEventId: string | undefined): Response {
    const { readers, events } = this.#options;
    const stream = lastEventId === undefined ? STANDALONE : streamOf(lastEventId);
    for (const reader of readers.of(stream)) reader.close(1000, "superseded");
    const { socket, response } = readers.accept(stream);
    if (stream === STANDALONE) {
      this.#hadReader = true;
      if (lastEventId !== undefined) sendText(socket, textAfter(events.read(stream) ?? "", lastEventId));
    } else if (lastEventId !== undefined) this.#resume(socket, stream, lastEventId);
    return response;
  }

  /** Sends what belongs to no request to whoever holds the standalone stream, and keeps it for who held it. */
  announce(message: Message): void {
    const readers = this.#options.readers.of(STANDALONE);
    this.#hadReader ||= readers.length > 0;
    if (!this.#hadReader) return;
    const event = toEvent(`${STANDALONE}-${crypto.randomUUID().replaceAll("-", "")}`, JSON.stringify(message));
    this.#options.events.append(STANDALONE, event);
    for (const reader of readers) sendText(reader, event);
  }

  /** Closes the streams of a session that was ended: nobody can come back to them. Its calls go on to their end, unless they ask. */
  closeStreams(): void {
    this.#options.switchboard.giveUpQuestions();
    for (const exchange of this.#live.values()) exchange.leave();
  }

  #resume(socket: WebSocket, stream: string, lastEventId: string): void {
    const live = this.#live.get(stream);
    if (live) {
      live.resume(socket, lastEventId);
      return;
    }
    const kept = this.#options.events.read(stream);
    sendText(socket, kept === undefined ? this.#lost(stream, lastEventId) : textAfter(kept, lastEventId));
    socket.close(1000, "the stream has ended");
  }

  /** The object was lost while the call ran, or the client comes too late. It must not wait for an answer that will never come. */
  #lost(stream: string, lastEventId: string): string {
    const id = requestIdOf(stream);
    if (id === undefined) return "";
    const message = "The answer to this call is no longer here. list_calls tells what became of it.";
    const error = { code: RPC_CODES.internalError, message, data: { reason: "stream_lost" } };
    return toEvent(`${lastEventId}-lost`, JSON.stringify({ jsonrpc: "2.0", id, error }));
  }

  #createExchange(requests: number, isBatch: boolean, firstId: RequestId, revision: string): Exchange {
    const { limits, events, deadlines, holdWhile } = this.#options;
    const exchange: Exchange = new Exchange({
      requests,
      isBatch,
      deadlines,
      ...limits,
      canPrime: hasEmptyEvents(revision),
      headOf,
      onStream: () => {
        const stream = new EventStream(createStreamName(isBatch ? undefined : firstId), limits.kept);
        this.#live.set(stream.name, exchange);
        return stream;
      },
      onAbandoned: holdWhile,
      onStreamEnd: (stream) => {
        this.#live.delete(stream.name);
        events.append(stream.name, stream.text());
      }
    });
    return exchange;
  }
}
