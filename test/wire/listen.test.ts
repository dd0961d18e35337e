import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { homeNameOf } from "../../src/mcp/doors/home-name.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { messagesOf, type Received, readMessages } from "../support/session.ts";
import { RawStateless } from "../support/stateless.ts";

let server: TestServer;
let client: RawStateless;

beforeAll(async () => {
  server = await startServer({ configPath: "test/fixtures/wrangler.toml" });
  client = new RawStateless(`${server.url}/mcp`);
});
afterAll(() => server?.close());

const open: AbortController[] = [];
afterEach(() => {
  for (const controller of open.splice(0)) controller.abort();
});

const LISTEN = "subscriptions/listen";
const SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId";

/** Listens, and collects what comes. */
async function listen(notifications: object, id: string | number): Promise<{ received: Received[] }> {
  const controller = new AbortController();
  open.push(controller);
  const response = await client.post(LISTEN, { notifications }, { id, signal: controller.signal });
  const received: Received[] = [];
  void (async () => {
    for await (const message of messagesOf(response)) received.push(message);
  })().catch(() => {}); // aborted
  return { received };
}

const announce = (list: string) => client.call("announce_change", { list });

describe("a listener", () => {
  it("is told first what it will be told, and nothing that nobody can tell", async () => {
    const resourceSubscriptions = ["calls://recent", "nothing://here", "calls://recent"];
    const { received } = await listen({ toolsListChanged: true, promptsListChanged: false, resourceSubscriptions, other: 1 }, 7);
    await expect.poll(() => received).toHaveLength(1);
    expect(received[0]).toEqual({
      jsonrpc: "2.0",
      method: "notifications/subscriptions/acknowledged",
      params: { notifications: { toolsListChanged: true, resourceSubscriptions: ["calls://recent"] }, _meta: { [SUBSCRIPTION]: 7 } }
    });
  });

  it("of nothing is sent away at once, in order", async () => {
    const response = await client.post(LISTEN, { notifications: { toolsListChanged: false } }, { id: "none" });
    expect(await readMessages(response)).toMatchObject([
      { method: "notifications/subscriptions/acknowledged", params: { notifications: {}, _meta: { [SUBSCRIPTION]: "none" } } },
      { id: "none", result: { resultType: "complete", _meta: { [SUBSCRIPTION]: "none" } } }
    ]);
  });

  it("is told of what it asked for, under its own id, and of nothing else", async () => {
    const tools = await listen({ toolsListChanged: true }, 1);
    const prompts = await listen({ promptsListChanged: true, resourceSubscriptions: ["calls://recent"] }, "two");
    await announce("tools");
    await announce("prompts");
    await expect.poll(() => prompts.received).toHaveLength(4);
    expect(tools.received.slice(1)).toEqual([
      { jsonrpc: "2.0", method: "notifications/tools/list_changed", params: { _meta: { [SUBSCRIPTION]: 1 } } }
    ]);
    const _meta = { [SUBSCRIPTION]: "two" };
    expect(prompts.received.slice(1).map(({ method, params }) => [method, params])).toEqual([
      ["notifications/resources/updated", { uri: "calls://recent", _meta }],
      ["notifications/prompts/list_changed", { _meta }],
      ["notifications/resources/updated", { uri: "calls://recent", _meta }]
    ]);
  });

  it("is told after its principal's home was evicted", async () => {
    const { received } = await listen({ toolsListChanged: true }, 1);
    await server.worker.evictDurableObject("Home", { name: `home:${homeNameOf("local")}` });
    await announce("tools");
    await expect.poll(() => received.map(({ method }) => method)).toContain("notifications/tools/list_changed");
  });

  it("cannot want more than a sleeping socket carries", async () => {
    const id = "x".repeat(13_000);
    const [refused] = await client.request(LISTEN, { notifications: { toolsListChanged: true } }, { id });
    expect(refused?.error).toMatchObject({ code: -32602 });
  });
});
