import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPrincipal, startServer, type TestServer } from "../support/server.ts";
import { RawSession, type Received, readMessages } from "../support/session.ts";
import { RawSocket } from "../support/socket.ts";
import { RawStateless } from "../support/stateless.ts";

// What holds in any window, at any moment, is shown by test/unit/session/home/rate-limit.test.ts; here is what clients see of it.

const LIMIT = 12;

let server: TestServer;
let url: string;

beforeAll(async () => {
  server = await startServer({ configPath: "test/fixtures/wrangler.toml", settings: { RATE_LIMIT: `${LIMIT}/600` } });
  url = `${server.url}/mcp`;
});
afterAll(() => server?.close());

let texts = 0;
const echo = () => ({ name: "echo", arguments: { text: `call ${++texts}` } });

interface Caller {
  call(): Promise<Response>;
}

const inSession = async (headers: Record<string, string>): Promise<Caller> => {
  const session = await RawSession.begin(url, { headers });
  return { call: () => session.post({ jsonrpc: "2.0", id: 1, method: "tools/call", params: echo() }) };
};

const withoutSession = (headers: Record<string, string>): Caller => {
  const client = new RawStateless(url, headers);
  return { call: () => client.post("tools/call", echo()) };
};

const statusOf = async (response: Response): Promise<number> => {
  await response.text();
  return response.status;
};

describe("the rate limit of a principal", () => {
  it.each([
    ["a session", inSession],
    ["the stateless era", async (headers: Record<string, string>) => withoutSession(headers)]
  ])("is all there for %s alone, and then is 429 with when to come again", async (_, open) => {
    const caller = await open(await createPrincipal(server));
    for (let i = 0; i < LIMIT; i++) expect(await statusOf(await caller.call())).toBe(200);
    const refused = await caller.call();
    const [{ error } = {} as Received] = await readMessages(refused);
    expect(refused.status).toBe(429);
    expect(error).toMatchObject({ code: 1429, data: { reason: "rate_limited", limit: LIMIT, windowSeconds: 600 } });
    const seconds = Number(error?.data?.retryAfterSeconds);
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(600);
    expect(Object.fromEntries(["retry-after", "ratelimit", "ratelimit-policy"].map((name) => [name, refused.headers.get(name)]))).toEqual({
      "retry-after": String(seconds),
      ratelimit: `"tools";r=0;t=${seconds}`,
      "ratelimit-policy": `"tools";q=${LIMIT};w=600`
    });
  });

  it("is one for all sessions and both eras, whoever comes when", async () => {
    const headers = await createPrincipal(server);
    const callers = [await inSession(headers), await inSession(headers), withoutSession(headers)];
    const statuses = await Promise.all(
      callers.flatMap((caller) => Array.from({ length: LIMIT }, async () => statusOf(await caller.call())))
    );
    const count = (status: number) => statuses.filter((seen) => seen === status).length;
    expect(count(200)).toBeLessThanOrEqual(LIMIT);
    expect(count(200)).toBeGreaterThanOrEqual(LIMIT / 2); // the rest may be leased to who does not use it
    expect(count(200) + count(429)).toBe(3 * LIMIT);
  });

  it("is an error like any other over a socket, and makes no row", async () => {
    const headers = await createPrincipal(server);
    const session = await RawSession.begin(url, { headers });
    const socket = await RawSocket.open(url, { ...headers, "mcp-session-id": session.id });
    for (let i = 0; i < LIMIT; i++) expect((await socket.request("tools/call", echo())).result).toBeDefined();
    expect((await socket.request("tools/call", echo())).error).toMatchObject({ code: 1429 });
    socket.close();
  });

  it("counts calls of tools only, of its own principal only", async () => {
    const [alice, bob] = [await createPrincipal(server), await createPrincipal(server)];
    const client = new RawStateless(url, alice);
    for (let i = 0; i < 2 * LIMIT; i++) expect(await statusOf(await client.post("resources/read", { uri: "calls://recent" }))).toBe(200);
    for (let i = 0; i < LIMIT; i++) expect(await statusOf(await client.post("tools/call", echo()))).toBe(200);
    expect(await statusOf(await client.post("tools/call", echo()))).toBe(429);
    expect(await statusOf(await withoutSession(bob).call())).toBe(200);
  });

  it("does not hold for who sits at the machine", async () => {
    const caller = withoutSession({});
    for (let i = 0; i < 2 * LIMIT; i++) expect(await statusOf(await caller.call())).toBe(200);
  });
});

describe("the loop guard", () => {
  const SAME = { name: "echo", arguments: { text: "the same" } };

  it("refuses the sixth equal call with equal answers, says so in text and _meta, and lets another through", async () => {
    const session = await RawSession.begin(url, { headers: await createPrincipal(server) });
    for (let i = 0; i < 5; i++) expect((await session.call("echo", SAME.arguments)).isError).toBeUndefined();
    const refused = await session.call("echo", SAME.arguments);
    expect(refused).toMatchObject({
      isError: true,
      content: [{ text: expect.stringMatching(/called 5 times within 60 s.*\(ref call_/) }],
      _meta: { "dormouse/limit": { limit: "loop", calls: 5, windowSeconds: 60 } }
    });
    expect((await session.call("echo", { text: "another" })).isError).toBeUndefined();
    const { structuredContent } = await session.call("list_calls", { session: "this", outcome: "denied" });
    expect(structuredContent?.calls).toMatchObject([{ tool: "echo", outcome: "denied" }]);
  });

  it("guards each session by itself", async () => {
    const headers = await createPrincipal(server);
    const [one, other] = [await RawSession.begin(url, { headers }), await RawSession.begin(url, { headers })];
    for (let i = 0; i < 5; i++) await one.call("echo", SAME.arguments);
    expect((await other.call("echo", SAME.arguments)).isError).toBeUndefined();
  });

  it("lets get_call ask again and again", async () => {
    const session = await RawSession.begin(url, { headers: await createPrincipal(server) });
    const asked = [];
    for (let i = 0; i < 6; i++) asked.push(await session.call("get_call", { call: "none" }));
    expect(asked.map(({ _meta }) => _meta)).toEqual(Array(6).fill(undefined));
  });
});
