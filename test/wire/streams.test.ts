import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSessionId } from "../../src/mcp/signed/session-id.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { MCP_HEADERS, parseEvents, promptly, RawSession, type Received, readMessages, type StreamEvent } from "../support/session.ts";

let server: TestServer;
let url: string;

beforeAll(async () => {
  server = await startServer();
  url = `${server.url}/mcp`;
});
afterAll(() => server?.close());

const longCall = (steps: number, delayMs: number, id: string | number = 7) => ({
  jsonrpc: "2.0",
  id,
  method: "tools/call",
  params: { name: "long_operation", arguments: { steps, delayMs }, _meta: { progressToken: "p" } }
});

const messagesOf = (events: readonly StreamEvent[]): Received[] => events.flatMap(({ message }) => message ?? []);

/** Posts, reads until `enough` of the stream was seen, then resets the connection as a network that fails does. */
function postAndDrop(session: RawSession, body: object, enough: (text: string) => boolean): Promise<StreamEvent[]> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: "POST", headers: { ...MCP_HEADERS, "mcp-session-id": session.id } }, (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
        if (!enough(text)) return;
        response.socket.resetAndDestroy();
        resolve(parseEvents(text));
      });
      response.on("error", () => {});
    });
    sent.on("error", reject);
    sent.end(JSON.stringify(body));
  });
}

const resume = (session: RawSession, lastEventId: string, signal?: AbortSignal) =>
  fetch(url, {
    headers: { accept: "text/event-stream", "mcp-session-id": session.id, "last-event-id": lastEventId },
    ...(signal && { signal })
  });

describe("a POST", () => {
  it("is answered with JSON when the answer comes first", async () => {
    const session = await RawSession.begin(url);
    const quick = { ...longCall(2, 10), params: { name: "long_operation", arguments: { steps: 2, delayMs: 10 } } };
    const response = await promptly(() => session.post(quick));
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.json()).toMatchObject({ id: 7, result: { structuredContent: { status: "done" } } });
  });

  it("becomes a stream at the first message, with an event to come back to before it", async () => {
    const session = await RawSession.begin(url);
    const response = await session.post(longCall(2, 10));
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const text = await response.text();
    expect(text).toMatch(/^id: [\w.-]+\nretry: \d+\ndata: \n\n/);
    const events = parseEvents(text);
    expect(new Set(events.map(({ id }) => id)).size).toBe(4);
    expect(messagesOf(events).map(({ method, id }) => method ?? id)).toEqual(["notifications/progress", "notifications/progress", 7]);
  });

  it("becomes a stream after half a second of silence", async () => {
    const session = await RawSession.begin(url);
    const response = await session.post({ ...longCall(1, 700), params: { name: "long_operation", arguments: { steps: 1, delayMs: 700 } } });
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect((await readMessages(response)).at(-1)).toMatchObject({ id: 7, result: {} });
  });

  it("sends no event without data to revisions that do not know it", async () => {
    const session = await RawSession.begin(url, { revision: "2025-06-18" });
    const events = parseEvents(await (await session.post(longCall(1, 10))).text());
    expect(events.every(({ message }) => message !== undefined)).toBe(true);
  });

  it("keeps two calls with one id apart", async () => {
    const session = await RawSession.begin(url);
    const answers = await Promise.all([2, 3, 4].map(async (steps) => readMessages(await session.post(longCall(steps, 20)))));
    for (const [i, messages] of answers.entries()) {
      expect(messages).toHaveLength(i + 3);
      expect(messages.at(-1)).toMatchObject({ id: 7, result: { structuredContent: { steps: i + 2 } } });
    }
  });

  it("ends within a second when its call is cancelled, without an answer", async () => {
    const session = await RawSession.begin(url);
    const response = await session.post(longCall(1000, 100, "c"));
    const ended = response.text();
    await session.post({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: "c" } });
    expect(messagesOf(parseEvents(await ended)).some(({ id }) => id === "c")).toBe(false);
    await expect
      .poll(async () => (await session.call("list_calls", { session: "this", tool: "long_operation" })).structuredContent?.calls, {
        timeout: 1000
      })
      .toMatchObject([{ outcome: "cancelled" }]);
  });
});

describe("a dropped call", () => {
  it("completes, and the rest of its stream is there for whoever comes back while it runs", async () => {
    const session = await RawSession.begin(url);
    const seen = await postAndDrop(session, longCall(10, 100), (text) => text.includes('"progress":2'));
    const events = parseEvents(await (await resume(session, seen.at(-1)?.id ?? "")).text());
    const numbers = messagesOf([...seen, ...events]).map(({ params, id }) => params?.progress ?? id);
    expect(numbers).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 7]);
  });

  it("is there from its very first event, and after the object was evicted", async () => {
    const session = await RawSession.begin(url);
    const [primed] = await postAndDrop(session, longCall(5, 100), (text) => text.includes("data: \n\n"));
    await expect
      .poll(async () => (await session.call("list_calls", { session: "this", tool: "long_operation" })).structuredContent?.calls, {
        timeout: 5000
      })
      .toMatchObject([{ outcome: "ok" }]);
    await server.worker.evictDurableObject("SessionAgent", { name: `session:${readSessionId(session.id).name}` });
    const messages = messagesOf(parseEvents(await (await resume(session, primed?.id ?? "")).text()));
    expect(messages.map(({ params, id }) => params?.progress ?? id)).toEqual([1, 2, 3, 4, 5, 7]);
  });

  it("is there in full where the rest of its stream is long and not in ASCII", async () => {
    const session = await RawSession.begin(url);
    const call = longCall(200, 1);
    const wordy = { ...call, params: { ...call.params, _meta: { progressToken: "\u8a9e".repeat(9000) } } };
    const [primed] = await postAndDrop(session, wordy, (text) => text.includes("data: \n\n"));
    await expect
      .poll(async () => (await session.call("list_calls", { session: "this", tool: "long_operation" })).structuredContent?.calls, {
        timeout: 5000
      })
      .toMatchObject([{ outcome: "ok" }]);
    const messages = messagesOf(parseEvents(await (await resume(session, primed?.id ?? "")).text()));
    expect(messages.at(-1)).toMatchObject({ id: 7, result: {} });
  });

  it("is answered with an error where nothing is left of its stream, so that nobody waits for ever", async () => {
    const session = await RawSession.begin(url);
    const lost = `0123456789ab.${Buffer.from('"my id"').toString("base64url")}-3`;
    const messages = messagesOf(parseEvents(await (await resume(session, lost)).text()));
    expect(messages).toMatchObject([{ id: "my id", error: { data: { reason: "stream_lost" } } }]);
  });

  it("keeps the object at work while nobody is connected", async () => {
    const session = await RawSession.begin(url);
    await postAndDrop(session, longCall(15, 1000), (text) => text.includes('"progress":1'));
    // An idle object is evicted after about ten seconds here; this one is asked nothing for longer than that.
    await new Promise((resolve) => setTimeout(resolve, 16_000));
    const { structuredContent } = await session.call("list_calls", { session: "this", tool: "long_operation" });
    expect(structuredContent?.calls).toMatchObject([{ outcome: "ok" }]);
  });
});

describe("a GET", () => {
  it("gives what belongs to no request, and what came while its reader was away", async () => {
    const session = await RawSession.begin(url);
    await session.request("resources/subscribe", { uri: "calls://recent" });
    const first = await openStream(session);
    await session.call("long_operation", { steps: 1, delayMs: 1 });
    const [update] = await first.next(1);
    expect(update?.message).toMatchObject({ method: "notifications/resources/updated", params: { uri: "calls://recent" } });
    first.close();
    await session.call("long_operation", { steps: 1, delayMs: 1 });
    const second = await openStream(session, update?.id);
    expect(messagesOf(await second.next(1))).toMatchObject([{ method: "notifications/resources/updated" }]);
    second.close();
  });

  it("lets the object be evicted under it, and goes on", async () => {
    const session = await RawSession.begin(url);
    await session.request("resources/subscribe", { uri: "calls://recent" });
    const stream = await openStream(session);
    await server.worker.evictDurableObject("SessionAgent", { name: `session:${readSessionId(session.id).name}`, webSockets: "hibernate" });
    await session.call("long_operation", { steps: 1, delayMs: 1 });
    expect(messagesOf(await stream.next(1))).toMatchObject([{ method: "notifications/resources/updated" }]);
    stream.close();
  });

  it("ends when its session is ended", async () => {
    const session = await RawSession.begin(url);
    const stream = await openStream(session);
    await fetch(url, { method: "DELETE", headers: { "mcp-session-id": session.id } });
    await stream.ended;
  });

  it.each([
    ["without Accept", { accept: "application/json" }, 406],
    ["with an event id that was never sent", { "last-event-id": "<script>" }, 400]
  ])("%s is refused", async (_, headers, status) => {
    const session = await RawSession.begin(url);
    const response = await fetch(url, { headers: { accept: "text/event-stream", "mcp-session-id": session.id, ...headers } });
    expect(response.status).toBe(status);
  });
});

/** Opens a stream and reads it event by event. */
async function openStream(session: RawSession, lastEventId?: string) {
  const controller = new AbortController();
  const response = await fetch(url, {
    headers: { accept: "text/event-stream", "mcp-session-id": session.id, ...(lastEventId && { "last-event-id": lastEventId }) },
    signal: controller.signal
  });
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  let text = "";
  const ended = (async () => {
    for await (const chunk of response.body ?? []) text += new TextDecoder().decode(chunk);
  })();
  ended.catch(() => {}); // the test itself closes it
  return {
    ended,
    async next(count: number): Promise<StreamEvent[]> {
      await expect.poll(() => parseEvents(text).length, { timeout: 5000 }).toBeGreaterThanOrEqual(count);
      return parseEvents(text);
    },
    close: () => controller.abort()
  };
}
