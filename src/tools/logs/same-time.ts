import type { LogEvent } from "../../mcp/logs.ts";

/** How many events are held at most, and how long their messages are together. */
const MAX_EVENTS = 10_000;
const MAX_LENGTH = 4 * 1024 * 1024;

/**
 * Holds the latest events of one millisecond until another begins. Who takes all of them or none can go on later from a time, and has
 * each event once. Only what is too much to hold comes in parts.
 */
export class SameTime {
  #held: LogEvent[] = [];
  #length = 0;

  get size(): number {
    return this.#held.length;
  }

  /** Of the events that are held; absent where there are none. */
  get timestampMs(): number | undefined {
    return this.#held[0]?.timestampMs;
  }

  /** Holds one more event; returns those that it ends, which may be none. */
  add(event: LogEvent): readonly LogEvent[] {
    const isSame = event.timestampMs === this.timestampMs && this.#held.length < MAX_EVENTS && this.#length < MAX_LENGTH;
    const ended = isSame ? NONE : this.take();
    this.#held.push(event);
    this.#length += event.message.length;
    return ended;
  }

  /** Gives what is held, and forgets it. */
  take(): readonly LogEvent[] {
    const held = this.#held;
    this.#held = [];
    this.#length = 0;
    return held;
  }
}

const NONE: readonly LogEvent[] = [];
