import { piecesOf } from "../lib/text.ts";

/** Turns messages into the events of a stream, and keeps of them what a client that comes back must get. */
export interface StreamEvents {
  /** Adds an event and returns its text. */
  add(data: string, isAnswer: boolean): string;
  /** The event that lets a client come back before anything was sent. */
  prime(retryMs: number): string;
  /** The text of every event that is kept. */
  text(): string;
}

/** What is kept of one stream while it runs: the newest events, as the text that is sent. */
export class EventStream implements StreamEvents {
  readonly name: string;
  readonly #limits: EventLimits;
  readonly #kept: { readonly text: string; readonly isAnswer: boolean }[] = [];
  #keptLength = 0;
  #lastNumber = 0;

  constructor(name: string, limits: EventLimits) {
    this.name = name;
    this.#limits = limits;
  }

  /** Adds an event and returns its text. The newest is always kept, whatever its size, and so are answers: a batch has at most 20. */
  add(data: string, isAnswer: boolean): string {
    const text = toEvent(this.#nextId(), data);
    this.#kept.push({ text, isAnswer });
    this.#keptLength += text.length;
    while (this.#kept.length > this.#limits.events || this.#keptLength > this.#limits.length) {
      const oldest = this.#kept.findIndex((event) => !event.isAnswer);
      if (oldest < 0 || oldest === this.#kept.length - 1) break;
      const [dropped] = this.#kept.splice(oldest, 1);
      this.#keptLength -= dropped?.text.length ?? 0;
    }
    return text;
  }

  /**
   * The event that lets a client come back before anything was sent: an id, when to come back, and no data.
   * Source: https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#sending-messages-to-the-server
   */
  prime(retryMs: number): string {
    return `id: ${this.#nextId()}\nretry: ${retryMs}\ndata: \n\n`;
  }

  /** The text of every event that is kept. */
  text(): string {
    return this.#kept.map(({ text }) => text).join("");
  }

  /** The event whose id is `<stream>-0` is the priming one; the first with data follows it. */
  #nextId(): string {
    return `${this.name}-${this.#lastNumber++}`;
  }
}

/** Writes one event: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation */
export const toEvent = (id: string, data: string): string => `id: ${id}\nevent: message\ndata: ${data}\n\n`;

/** The events of a stream to which nobody can come back: https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#receiving-messages */
export const FORGOTTEN_EVENTS: StreamEvents = { add: (data) => `event: message\ndata: ${data}\n\n`, prime: () => "", text: () => "" };

/** How much of a stream is kept: events, and their length in UTF-16 units. */
export interface EventLimits {
  readonly events: number;
  readonly length: number;
}

/** The name of the stream that an event belongs to. */
export const streamOf = (eventId: string): string => eventId.slice(0, Math.max(0, eventId.lastIndexOf("-")));

/** What follows an event in the text of its stream; all of it if the event is older than what was kept. */
export function textAfter(text: string, eventId: string): string {
  const marker = `id: ${eventId}\n`;
  const start = text.startsWith(marker) ? 0 : text.indexOf(`\n\n${marker}`);
  if (start < 0) return text;
  const end = text.indexOf("\n\n", start === 0 ? 0 : start + 2);
  return end < 0 ? "" : text.slice(end + 2);
}

/** Sends text over a socket, whose messages the reader puts together again: one message has a limit, text has none. */
export function sendText(socket: WebSocket, text: string): void {
  try {
    for (const piece of piecesOf(text, MAX_MESSAGE_LENGTH)) socket.send(piece);
  } catch {
    // The reader has gone; what it missed is kept.
  }
}

const MAX_MESSAGE_LENGTH = 256 * 1024;
