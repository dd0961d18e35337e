import { DEFAULTS } from "../../config.ts";
import { toMessageEvent } from "../../lib/server-sent-event.ts";
import type { Change } from "../../mcp/context.ts";
import { isTold, type Subscription, toStamped } from "../../mcp/requests/subscription.ts";
import { sendText } from "../event-stream.ts";
import type { StreamReaders } from "../http-lane.ts";

/** The name under which listeners are kept among the readers of streams. */
const LISTENERS = "listen";

/** Who listens to a principal's changes. Each subscription lives in its socket, and with it through the sleep of the object. */
export class Subscriptions {
  readonly #readers: StreamReaders;

  constructor(readers: StreamReaders) {
    this.#readers = readers;
  }

  /** Opens one, as the edge wrote it; 429 where there are as many as there may be. */
  open(subscription: string): Response {
    if (this.#listeners().length >= DEFAULTS.stateless.subscriptionsPerHome) return new Response(null, { status: 429 });
    const { socket, response } = this.#readers.accept(LISTENERS);
    socket.serializeAttachment(JSON.parse(subscription));
    return response;
  }

  /** Tells of a change whoever wants to know. */
  announce(change: Change): void {
    for (const socket of this.#listeners()) {
      const subscription = socket.deserializeAttachment() as Subscription; // written above only
      if (isTold(subscription.filter, change)) sendText(socket, toMessageEvent(toStamped(change, subscription)));
    }
  }

  #listeners(): WebSocket[] {
    return this.#readers.of(LISTENERS).filter(({ readyState }) => readyState === WebSocket.READY_STATE_OPEN);
  }
}
