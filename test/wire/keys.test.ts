import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type GitHubStub, startGitHubStub } from "../support/github-stub.ts";
import { createPrincipal, startServer, type TestServer } from "../support/server.ts";
import { RawSession, type ToolAnswer } from "../support/session.ts";
import { RawStateless } from "../support/stateless.ts";
import { describeWires, openSession } from "../support/wires.ts";

let stub: GitHubStub;
let server: TestServer;
let url: string;

beforeAll(async () => {
  stub = await startGitHubStub();
  server = await startServer({ configPath: "test/fixtures/wrangler.toml", settings: { GITHUB_API_URL: stub.url } });
  url = `${server.url}/mcp`;
});
afterAll(async () => {
  await Promise.all([server?.close(), stub?.close()]);
});
beforeEach(() => stub.reset());

const NOTE = { owner: "octo", repo: "notes", title: "a note", body: "of this test" };

let keys = 0;
const newKey = () => `key ${++keys}`;

/** What must be equal byte for byte. */
const outcomeOf = ({ content, structuredContent, isError }: ToolAnswer) => JSON.stringify({ content, structuredContent, isError });
const isReplayed = ({ _meta }: ToolAnswer) => _meta?.["dormouse/replayed"] === true;

describeWires("a write with a key", (wire) => {
  const call = async (args: object) => {
    const session = await openSession(wire, url);
    try {
      return await session.call("create_note", args);
    } finally {
      await session.close();
    }
  };

  it("is sent once, and answered the same to every session and in the other era", async () => {
    const args = { ...NOTE, idempotency_key: newKey() };
    const first = await call(args);
    const again = [
      await call(args),
      await (await RawSession.begin(url)).call("create_note", args),
      await new RawStateless(url).call("create_note", args)
    ];
    expect(stub.writes).toHaveLength(1);
    expect(isReplayed(first)).toBe(false);
    expect(again.map(isReplayed)).toEqual([true, true, true]);
    expect(again.map(outcomeOf)).toEqual(Array(3).fill(outcomeOf(first)));
  });

  it.each(["conflict", "bad_gateway", "reset"] as const)("is sent once when it failed with %s, and fails the same", async (behaviour) => {
    stub.behave(behaviour);
    const args = { ...NOTE, idempotency_key: newKey() };
    const first = await call(args);
    stub.behave("ok");
    const second = await call(args);
    expect(first.isError).toBe(true);
    expect(outcomeOf(second)).toBe(outcomeOf(first));
    expect(stub.writes).toHaveLength(1);
  });

  it("refuses other arguments under the same key, and another tool", async () => {
    const key = newKey();
    await call({ ...NOTE, idempotency_key: key });
    const other = await call({ ...NOTE, title: "another note", idempotency_key: key });
    expect(other).toMatchObject({ isError: true, content: [{ text: expect.stringContaining("used for another call") }] });
    expect(stub.writes).toHaveLength(1);
  });

  it.each([
    ["", "1 to 200"],
    ["x".repeat(201), "1 to 200"],
    [7, "1 to 200"]
  ])("refuses %j as a key, and sends nothing", async (key, text) => {
    const answer = await call({ ...NOTE, idempotency_key: key });
    expect(answer).toMatchObject({ isError: true, content: [{ text: expect.stringContaining(text) }] });
    expect(stub.writes).toEqual([]);
  });
});

describe("a key", () => {
  const params = (key: unknown, args: object = NOTE) => ({
    name: "create_note",
    arguments: args,
    _meta: { "dormouse/idempotency-key": key }
  });
  const ask = async (session: RawSession, key: unknown, args?: object): Promise<ToolAnswer> => {
    const answer = (await session.request("tools/call", params(key, args))).at(-1);
    return answer?.result as unknown as ToolAnswer;
  };

  it("may stand in _meta, is the same as the argument there, and does not mind the order of arguments", async () => {
    const key = newKey();
    const session = await RawSession.begin(url);
    const first = await ask(session, key);
    const { body, ...rest } = NOTE;
    const turned = await ask(session, key, { body, ...rest });
    const argument = await session.call("create_note", { ...NOTE, idempotency_key: key });
    const stateless = await new RawStateless(url).call("create_note", NOTE, { meta: { "dormouse/idempotency-key": key } });
    expect([turned, argument, stateless].map(outcomeOf)).toEqual(Array(3).fill(outcomeOf(first)));
    expect(stub.writes).toHaveLength(1);
    const both = await ask(session, newKey(), { ...NOTE, idempotency_key: key });
    expect(both).toMatchObject({ isError: true, content: [{ text: expect.stringContaining("different keys") }] });
  });

  it("lets who comes second wait for the first, in whatever session", async () => {
    stub.behave("late");
    const key = newKey();
    const first = (await RawSession.begin(url)).call("create_note", { ...NOTE, idempotency_key: key });
    await expect.poll(() => stub.writes.length).toBe(1);
    const second = await new RawStateless(url).call("create_note", { ...NOTE, idempotency_key: key });
    expect(outcomeOf(second)).toBe(outcomeOf(await first));
    expect(isReplayed(second)).toBe(true);
    expect(stub.writes).toHaveLength(1);
  });

  it("works for a tool that only reads, too", async () => {
    const session = await RawSession.begin(url);
    const call = async () =>
      (
        await session.request("tools/call", { name: "echo", arguments: { text: "once" }, _meta: { "dormouse/idempotency-key": "read" } })
      ).at(-1)?.result as unknown as ToolAnswer;
    const [first, second] = [await call(), await call()];
    expect(outcomeOf(second)).toBe(outcomeOf(first));
    expect([isReplayed(first), isReplayed(second)]).toEqual([false, true]);
  });

  it("that was replayed is a row of the history, which says so", async () => {
    const session = await RawSession.begin(url);
    const args = { ...NOTE, idempotency_key: newKey() };
    await session.call("create_note", args);
    await session.call("create_note", args);
    const { structuredContent } = await session.call("list_calls", { session: "this", tool: "create_note" });
    expect(structuredContent?.calls).toMatchObject([
      { outcome: "ok", preview: expect.stringMatching(/^\(replayed\) Created note/) },
      { outcome: "ok", preview: expect.stringMatching(/^Created note/) }
    ]);
  });

  it("belongs to its principal: another one's is another key", async () => {
    const alice = await createPrincipal(server);
    const bob = await createPrincipal(server);
    const args = { ...NOTE, idempotency_key: newKey() };
    for (const headers of [alice, bob, alice]) await new RawStateless(url, headers).call("create_note", args);
    expect(stub.writes).toHaveLength(2);
  });
});
