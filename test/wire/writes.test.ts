import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type GitHubStub, startGitHubStub } from "../support/github-stub.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { RawSession } from "../support/session.ts";
import { describeWires, openSession, type WireSession } from "../support/wires.ts";

let stub: GitHubStub;
let server: TestServer;

beforeAll(async () => {
  stub = await startGitHubStub();
  server = await startServer({ configPath: "test/fixtures/wrangler.toml", settings: { GITHUB_API_URL: stub.url } });
});
afterAll(async () => {
  await Promise.all([server?.close(), stub?.close()]);
});
beforeEach(() => stub.reset());

const NOTE = { owner: "octo", repo: "notes", title: "a note", body: "of this test" };

describeWires("create_note", (wire) => {
  let session: WireSession;
  beforeEach(async () => {
    session = await openSession(wire, `${server.url}/mcp`);
  });
  afterEach(() => session.close());

  const newest = async () => {
    const { structuredContent } = await session.call("list_calls", { session: "this", limit: 1 });
    const calls = structuredContent?.calls as { tool: string; outcome: string }[] | undefined;
    return calls?.[0];
  };

  // A redirect is a case of test/unit/clients: the harness's own hop to the stub cannot carry one.
  it.each([
    ["ok", false, "ok"],
    ["bad_gateway", true, "unknown"],
    ["hang", true, "unknown"],
    ["reset", true, "unknown"],
    ["garbage", true, "unknown"],
    ["conflict", true, "error"],
    ["rate_limit", true, "error"],
    ["retry_after", true, "error"]
  ] as const)("is sent once when GitHub answers %s", async (behaviour, isError, outcome) => {
    stub.behave(behaviour);
    const answer = await session.call("create_note", NOTE);
    // Nothing else reaches the stub, so a write that was never sent fails here as one that was sent twice does.
    expect(stub.writes.map(({ method }) => method)).toEqual(["POST"]);
    expect(answer.isError ?? false).toBe(isError);
    if (outcome === "unknown") expect(answer.content[0]?.text).toContain("Look whether it did before you try again.");
    expect(await newest()).toMatchObject({ tool: "create_note", outcome });
  });

  it("is recorded as pending before it happens", async () => {
    stub.behave("hang");
    const writing = session.call("create_note", NOTE);
    await expect.poll(() => stub.writes.length).toBe(1);
    expect(await newest()).toMatchObject({ tool: "create_note", outcome: "pending" });
    await writing;
  });

  it("is not sent at all when its arguments are wrong", async () => {
    expect(await session.call("create_note", { ...NOTE, title: 1 })).toMatchObject({ isError: true });
    expect(stub.seen).toEqual([]);
  });
});

describe("a write of several steps", () => {
  it("that is cancelled between them reads unknown, because the first was sent", async () => {
    const session = await RawSession.begin(`${server.url}/mcp`);
    const params = { name: "create_two_notes", arguments: { owner: "octo", repo: "notes", title: "one of two" } };
    const ended = session.post({ jsonrpc: "2.0", id: "two", method: "tools/call", params }).then((response) => response.text());
    await expect.poll(() => stub.writes.length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 200)); // GitHub's answer has come, and the tool waits
    await session.post({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: "two" } });
    await ended;
    const listed = async () => (await session.call("list_calls", { session: "this", tool: "create_two_notes" })).structuredContent;
    await expect.poll(listed).toMatchObject({ calls: [{ outcome: "unknown" }] });
    expect(stub.writes).toHaveLength(1);
  });
});

describe("the read-only slice", () => {
  it("has no write, by list or by name", async () => {
    const reader = await RawSession.begin(`${server.url}/mcp/readonly`);
    const [listed] = await reader.request("tools/list");
    const tools = listed?.result?.tools as { name: string }[] | undefined;
    expect(tools?.map(({ name }) => name)).toEqual(expect.not.arrayContaining(["create_note", "delete_note"]));
    const [called] = await reader.request("tools/call", { name: "create_note", arguments: NOTE });
    expect(called?.error?.code).toBe(-32602);
    expect(stub.seen).toEqual([]);
  });
});
