import { expect, it } from "vitest";
import { type HeldStreamOptions, holdStream } from "../../../src/edge/held-stream.ts";

function open(options: Partial<HeldStreamOptions> = {}) {
  const { 0: client, 1: object } = new WebSocketPair();
  object.accept();
  const closed = new Promise<number>((resolve) => object.addEventListener("close", ({ code }) => resolve(code)));
  const response = holdStream(client, { greeting: "hello\n\n", ...options });
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const read = async () => new TextDecoder().decode((await reader.read()).value);
  return { object, closed, response, reader, read };
}

it("greets, and brings what the object sends", async () => {
  const { object, response, read } = open();
  object.send("one\n\n");
  expect([await read(), await read()]).toEqual(["hello\n\n", "one\n\n"]);
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  object.close(1000);
});

it("shows that it is open while there is nothing to say", async () => {
  const { object, read } = open({ keepAliveMs: 20 });
  expect([await read(), await read(), await read()]).toEqual(["hello\n\n", ": open\n\n", ": open\n\n"]);
  object.close(1000);
});

it("ends when the object closes it", async () => {
  const { object, read, reader } = open();
  await read();
  object.close(1000);
  expect((await reader.read()).done).toBe(true);
});

it("lets the object know of a client that has gone, by its stream or by its request", async () => {
  const left = open();
  await left.read();
  await left.reader.cancel();
  expect(await left.closed).toBe(1000);
  const controller = new AbortController();
  const aborted = open({ signal: controller.signal });
  controller.abort();
  expect(await aborted.closed).toBe(1000);
});

it("gives up a client that does not read", async () => {
  const { object, closed } = open();
  for (let i = 0; i < 10; i++) object.send("x".repeat(1024 * 1024));
  expect(await closed).toBe(1013);
});

it("brings nothing more once the credentials are no longer good, and keeps the order while it looks", async () => {
  let isGood = true;
  const { object, read, reader } = open({ checkMs: 0, isStillGood: async () => isGood });
  await read();
  object.send("one\n\n");
  object.send("two\n\n");
  expect([await read(), await read()]).toEqual(["one\n\n", "two\n\n"]);
  isGood = false;
  object.send("three\n\n");
  expect((await reader.read()).done).toBe(true);
});

it("ends when nobody can tell whether the credentials are good, so that the client comes again", async () => {
  const { object, read, reader, closed } = open({ checkMs: 0, isStillGood: () => Promise.reject(new Error("KV is down")) });
  await read();
  object.send("one\n\n");
  expect((await reader.read()).done).toBe(true);
  expect(await closed).toBe(1000);
});

it("looks at the credentials of a silent stream, too", async () => {
  const { reader, read } = open({ keepAliveMs: 20, checkMs: 0, isStillGood: async () => false });
  await read();
  expect((await reader.read()).done).toBe(true);
});
