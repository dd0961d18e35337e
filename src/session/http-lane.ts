import type { Deadline, Deadlines } from "../lib/deadlines.ts";
import { isNotification, isRequest, type Message } from "../mcp/json-rpc.ts";
import type { ReplyPort, RequestScope, Switchboard } from "../sdk/switchboard.ts";

/** The settings of a {@link HttpLane}. */
export interface HttpLaneOptions {
  readonly deadlines: Deadlines;
  /** Silence after which a response becomes a stream, milliseconds. */
  readonly silenceMs: number;
}

/** Streamable HTTP: a POST is answered with JSON if its answer comes first, with a stream of events otherwise. */
export class HttpLane {
  readonly #switchboard: Switchboard;
  readonly #options: HttpLaneOptions;

  constructor(switchboard: Switchboard, options: HttpLaneOptions) {
    this.#switchboard = switchboard;
    this.#options = options;
  }

  /** Answers one POST: 202 where nothing in it asks for an answer. */
  post(body: Message | Message[], scope: RequestScope): Response | Promise<Response> {
    const messages = Array.isArray(body) ? body : [body];
    const requests = messages.filter(isRequest);
    for (const message of messages) if (isNotification(message)) this.#switchboard.notify(message);
    if (requests.length === 0) return new Response(null, { status: 202 });
    const exchange = new Exchange(requests.length, Array.isArray(body), this.#options);
    for (const request of requests) this.#switchboard.request(request, scope, exchange);
    return exchange.response;
  }
}

/** One POST and its response, which is JSON until something forces it to be a stream. */
class Exchange implements ReplyPort {
  readonly response: Promise<Response>;
  readonly #isBatch: boolean;
  readonly #silence: Deadline;
  readonly #answers: Message[] = [];
  #respond: (response: Response) => void = () => {};
  #unanswered: number;
  #stream: WritableStreamDefaultWriter<Uint8Array> | undefined;

  constructor(requests: number, isBatch: boolean, { deadlines, silenceMs }: HttpLaneOptions) {
    this.#unanswered = requests;
    this.#isBatch = isBatch;
    this.response = new Promise((resolve) => {
      this.#respond = resolve;
    });
    this.#silence = deadlines.add(silenceMs, () => this.#openStream());
  }

  send(message: Message, isFinal: boolean): void {
    if (isFinal) this.#unanswered--;
    if (this.#stream === undefined && isFinal) {
      this.#answers.push(message);
      if (this.#unanswered === 0) this.#respondWithJson();
      return;
    }
    this.#write(toEvent(message), this.#openStream());
    if (this.#unanswered === 0) this.#end();
  }

  cancel(): void {
    this.#unanswered--;
    if (this.#unanswered > 0) return;
    if (this.#stream === undefined && this.#answers.length > 0) this.#respondWithJson();
    else {
      this.#openStream(); // a response without an answer is a stream that ends
      this.#end();
    }
  }

  #respondWithJson(): void {
    this.#silence.cancel();
    const body = JSON.stringify(this.#isBatch ? this.#answers : this.#answers[0]);
    this.#respond(new Response(body, { headers: { "content-type": "application/json", "cache-control": "no-store" } }));
  }

  /** The writes of an IdentityTransformStream wait for the rows that were written before them, as a response does. */
  #openStream(): WritableStreamDefaultWriter<Uint8Array> {
    if (this.#stream) return this.#stream;
    this.#silence.cancel();
    const { readable, writable } = new IdentityTransformStream();
    this.#stream = writable.getWriter();
    this.#stream.closed.catch(() => {}); // a client that left: its calls complete
    this.#respond(new Response(readable, { headers: { "content-type": "text/event-stream", "cache-control": "no-store" } }));
    for (const answer of this.#answers.splice(0)) this.#write(toEvent(answer), this.#stream);
    return this.#stream;
  }

  #write(event: Uint8Array, stream: WritableStreamDefaultWriter<Uint8Array>): void {
    stream.write(event).catch(() => {});
  }

  #end(): void {
    this.#stream?.close().catch(() => {});
  }
}

const encoder = new TextEncoder();

const toEvent = (message: Message): Uint8Array => encoder.encode(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
