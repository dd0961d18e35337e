import { expect, it } from "vitest";
import { Deadlines } from "../../../src/lib/deadlines.ts";
import { EventStream } from "../../../src/session/event-stream.ts";
import { Exchange, type ExchangeOptions } from "../../../src/session/exchange.ts";

const createExchange = (options: Partial<ExchangeOptions> = {}) =>
  new Exchange({
    requests: 1,
    isBatch: false,
    deadlines: new Deadlines(),
    silenceMs: 500,
    canPrime: true,
    retryMs: 1000,
    queueBytes: 1000,
    onStream: () => new EventStream("stream", { events: 10, length: 10_000 }),
    onAbandoned: () => {},
    onStreamEnd: () => {},
    ...options
  });

const PROGRESS = { jsonrpc: "2.0", method: "notifications/progress", params: {} } as const;

it("sends a message that is larger than what may wait to a client that reads", async () => {
  const exchange = createExchange();
  exchange.send(PROGRESS, false);
  const body = (await exchange.response).text();
  exchange.send({ jsonrpc: "2.0", id: 1, result: { text: "x".repeat(5000) } }, true);
  expect(await body).toContain("x".repeat(5000));
});

it("lets the object sleep although the rest of the stream could not be stored", async () => {
  let done: Promise<void> | undefined;
  const exchange = createExchange({
    onAbandoned: (until) => {
      done = until;
    },
    onStreamEnd: () => {
      throw new Error("The disk is full.");
    }
  });
  exchange.send(PROGRESS, false);
  exchange.leave();
  expect(() => exchange.send({ jsonrpc: "2.0", id: 1, result: {} }, true)).toThrow("full");
  await expect(done).resolves.toBeUndefined();
});
