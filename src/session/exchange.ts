import type { Deadline, Deadlines } from "../lib/deadlines.ts";
import type { Message } from "../mcp/protocol/json-rpc.ts";
import type { ReplyPort } from "../sdk/reply-port.ts";
import { type EventStream, type StreamEvents, sendText, textAfter } from "./event-stream.ts";

/** What an {@link Exchange} needs to know and to tell. */
export interface ExchangeOptions<E extends StreamEvents = EventStream> {
  /** How many requests the POST holds. */
  readonly requests: number;
  readonly isBatch: boolean;
  readonly deadlines: Deadlines;
  /** Whether the client takes a stream as an answer. It gets no messages before the answer otherwise. */
  readonly canStream?: boolean;
  /** Silence after which the response becomes a stream, milliseconds. */
  readonly silenceMs: number;
  /** Whether the client's revision knows an event without data. */
  readonly canPrime: boolean;
  /** How soon a client may come back for the rest of a stream, milliseconds. */
  readonly retryMs: number;
  /** How much may wait for a reader that does not read, bytes. */
  readonly queueBytes: number;
  /** The response becomes a stream: names it. */
  onStream(): E;
  /** The client has gone, and the calls go on until `done`. */
  onAbandoned(done: Promise<void>): void;
  /** Every request is answered or cancelled, and the response was a stream. */
  onStreamEnd(events: E): void;
  /** The HTTP status of a response that is JSON, and what it says in headers; 200 and nothing if absent. */
  headOf?(answer: Message): ResponseHead;
}

/** What an HTTP response says before its body. */
export interface ResponseHead {
  readonly status: number;
  readonly headers?: Record<string, string> | undefined;
}

/** One POST and its response, which is JSON until something forces it to be a stream. */
export class Exchange<E extends StreamEvents = EventStream> implements ReplyPort {
  /** Every POST of a session: a request may be cancelled by another one. */
  static readonly ORIGIN = "http";
  readonly origin = Exchange.ORIGIN;
  readonly response: Promise<Response>;
  readonly #options: ExchangeOptions<E>;
  readonly #silence: Deadline | undefined;
  readonly #answers: Message[] = [];
  #respond: (response: Response) => void = () => {};
  #finish: () => void = () => {};
  #unanswered: number;
  /** Present once the response is a stream. */
  #events: E | undefined;
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #queuedBytes = 0;
  /** The socket of a client that came back for the rest. */
  #socket: WebSocket | undefined;

  constructor(options: ExchangeOptions<E>) {
    this.#options = options;
    this.#unanswered = options.requests;
    this.response = new Promise((resolve) => {
      this.#respond = resolve;
    });
    if (options.canStream !== false) this.#silence = options.deadlines.add(options.silenceMs, () => this.#openStream());
  }

  send(message: Message, isFinal: boolean): void {
    if (isFinal) this.#unanswered--;
    if (!this.#events && isFinal) {
      this.#answers.push(message);
      if (this.#unanswered === 0) this.#respondWithJson();
      return;
    }
    if (this.#options.canStream === false) return;
    const events = this.#openStream();
    this.#write(events.add(JSON.stringify(message), isFinal));
    if (this.#unanswered === 0) this.#endStream(events);
  }

  cancel(): void {
    this.#unanswered--;
    if (this.#unanswered > 0) return;
    if (!this.#events && this.#answers.length > 0) this.#respondWithJson();
    else this.#endStream(this.#openStream()); // a response without an answer is a stream that ends
  }

  get isLeft(): boolean {
    return this.#events !== undefined && !this.#writer && this.#socket?.readyState !== WebSocket.READY_STATE_OPEN;
  }

  closeStream(): void {
    if (!this.#options.canPrime) return; // a client that was given no event id could not come back
    this.#openStream();
    this.leave();
  }

  /** Closes the response where it is a stream; the calls go on. */
  leave(): void {
    this.#writer?.close().catch(() => {});
    this.#abandon();
  }

  /** Sends the rest of the stream to a client that came back. */
  resume(socket: WebSocket, lastEventId: string): void {
    this.#socket = socket;
    sendText(socket, textAfter(this.#events?.text() ?? "", lastEventId));
  }

  #respondWithJson(): void {
    this.#silence?.cancel();
    const [first] = this.#answers;
    const body = JSON.stringify(this.#options.isBatch ? this.#answers : first);
    const { status, headers } = (!this.#options.isBatch && first && this.#options.headOf?.(first)) || OK;
    this.#respond(new Response(body, { status, headers: { ...headers, ...JSON_HEADERS } }));
  }

  /** The writes of an IdentityTransformStream wait for the rows that were written before them, as a response does. */
  #openStream(): E {
    if (this.#events) return this.#events;
    const events = this.#options.onStream();
    this.#events = events;
    this.#silence?.cancel();
    const { readable, writable } = new IdentityTransformStream();
    const writer = writable.getWriter();
    this.#writer = writer;
    writer.closed.catch(() => this.#abandon());
    this.#respond(new Response(readable, { headers: STREAM_HEADERS }));
    if (this.#options.canPrime) this.#write(events.prime(this.#options.retryMs));
    for (const answer of this.#answers.splice(0)) this.#write(events.add(JSON.stringify(answer), true));
    return events;
  }

  #write(text: string): void {
    if (this.#socket) sendText(this.#socket, text);
    if (!this.#writer) return;
    // Looked at before and not after: one event may be larger than all that may wait, and a client that reads gets it.
    if (this.#queuedBytes > this.#options.queueBytes) {
      this.#writer.abort(new Error("The client does not read.")).catch(() => {});
      this.#abandon();
      return;
    }
    const chunk = encoder.encode(text);
    this.#queuedBytes += chunk.byteLength;
    const written = () => {
      this.#queuedBytes -= chunk.byteLength;
    };
    this.#writer.write(chunk).then(written, () => this.#abandon());
  }

  #abandon(): void {
    if (!this.#writer) return;
    this.#writer = undefined;
    if (this.#unanswered === 0) return;
    const done = new Promise<void>((resolve) => {
      this.#finish = resolve;
    });
    this.#options.onAbandoned(done);
  }

  #endStream(events: E): void {
    const writer = this.#writer;
    this.#writer = undefined;
    writer?.close().catch(() => {});
    try {
      this.#options.onStreamEnd(events);
    } finally {
      // Whatever became of the stored rest, nobody waits for more, and nothing keeps the object awake.
      this.#socket?.close(1000, "the stream has ended");
      this.#finish();
    }
  }
}

const encoder = new TextEncoder();

const OK: ResponseHead = { status: 200 };
const JSON_HEADERS = { "content-type": "application/json", "cache-control": "no-store" } as const;

/** The last one keeps proxies from holding events back: https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#receiving-messages */
const STREAM_HEADERS = { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" } as const;
