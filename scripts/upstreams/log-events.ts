/** One event of a group of the stub. */
export interface StubEvent {
  readonly timestamp: number;
  readonly stream: string;
  readonly message: string;
}

/** A log group of the stub: its events are made when they are asked for, the same each time, and kept nowhere. */
export interface StubGroup {
  readonly name: string;
  readonly events: number;
  /** Of the first event, and of the last. */
  readonly startMs: number;
  readonly endMs: number;
  /** Event 0 is the earliest. */
  eventAt(index: number): StubEvent;
}

/** What a group is made of. */
export interface StubGroupOptions {
  readonly name: string;
  readonly events: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly seed?: number;
  /** Makes a message from numbers below one; {@link plausibleMessage} if absent. */
  message?(random: () => number, timestampMs: number, index: number): string;
}

/** Makes a group whose events stand evenly between its two ends. */
export function createStubGroup(options: StubGroupOptions): StubGroup {
  const { name, events, startMs, endMs, seed = 1, message = plausibleMessage } = options;
  const stepMs = events > 1 ? (endMs - startMs) / (events - 1) : 0;
  return {
    ...{ name, events, startMs, endMs },
    eventAt(index) {
      const random = numbersFrom(Math.imul(seed, 0x9e37_79b1) ^ index);
      const timestamp = Math.floor(startMs + index * stepMs);
      return { timestamp, stream: `web/${Math.floor(random() * STREAMS)}`, message: message(random, timestamp, index) };
    }
  };
}

const STREAMS = 4;

/** The first event that is not earlier than a time. */
export function indexAt({ events, eventAt }: StubGroup, timeMs: number): number {
  let low = 0;
  for (let high = events; low < high; ) {
    const middle = (low + high) >>> 1;
    if (eventAt(middle).timestamp < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Numbers below one, the same for the same seed: mulberry32, https://github.com/bryc/code/blob/master/jshash/PRNGs.md#mulberry32 */
function numbersFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What a web service writes: requests as lines of text, what went wrong as JSON. */
export function plausibleMessage(random: () => number, timestampMs: number): string {
  const choice = random();
  const id = Math.floor(random() * 2 ** 32)
    .toString(16)
    .padStart(8, "0");
  const took = Math.floor(random() * random() * 2000);
  const order = 1000 + Math.floor(random() * 9000);
  const time = new Date(timestampMs).toISOString();
  if (choice < 0.75) return `${time} INFO request ${id} GET /orders/${order} 200 in ${took}ms`;
  if (choice < 0.88) return `${time} DEBUG cache miss for order ${order}`;
  if (choice < 0.95) return JSON.stringify({ level: "warn", message: `slow query took ${took} ms`, table: "orders", requestId: id });
  if (choice < 0.99) return JSON.stringify({ level: "error", message: `payment of order ${order} was declined`, requestId: id });
  if (choice < 0.998) return `${time} ERROR request ${id} GET /orders/${order} 500: connection to "db-${order % 3}.internal" timed out`;
  return `${time} FATAL worker ${order % 8} ran out of memory`;
}
