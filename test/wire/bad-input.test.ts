import { afterAll, beforeAll, expect, it } from "vitest";
import { type GitHubUpstream, startGitHub } from "../../scripts/upstreams/github.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { describeWires, openSession, type WireSession } from "../support/wires.ts";

let github: GitHubUpstream;
let server: TestServer;

beforeAll(async () => {
  github = await startGitHub();
  server = await startServer({ settings: { GITHUB_API_URL: github.url, GITHUB_TOKEN: github.token } });
});
afterAll(async () => {
  await Promise.all([server?.close(), github?.close()]);
});

const HANDLE = /\(ref call_[0-9a-z]{8}_[0-9a-z]+_[0-9a-z]{4}\)$/;

describeWires("a call that cannot succeed", (wire) => {
  let session: WireSession;
  beforeAll(async () => {
    session = await openSession(wire, `${server.url}/mcp`);
  });
  afterAll(() => session?.close());

  it.each([
    ["search_repositories", {}, "query: "],
    ["search_repositories", { query: "x", limit: 0 }, "limit: "],
    ["search_repositories", { query: "x", limit: 101 }, "limit: "],
    ["search_repositories", { query: "x", sort: "age" }, "sort: "],
    ["search_repositories", { query: "x", language: 'Go" user:someone' }, "language: "],
    ["search_repositories", { query: "x", stars: 1 }, '"stars"'],
    ["get_repository", { owner: "octo/cat", repo: "x" }, "owner: is not a name that GitHub allows"],
    ["get_repository", { owner: "octo", repo: "../user" }, "repo: is not a name that GitHub allows"],
    ["get_repository", { owner: "octo", repo: ".." }, "repo: is not a name that GitHub allows"],
    ["get_repository", { owner: "octo", repo: "none" }, "Repository octo/none does not exist, or your token cannot see it."],
    ["long_operation", { steps: 10_000, delayMs: 60_000 }, "14 minutes"],
    ["long_operation", { steps: 0 }, "steps: "],
    ["list_calls", { since: "yesterday" }, "since: is not a date"],
    ["list_calls", { cursor: "?" }, "cursor"],
    ["get_call", { call: "call_00000000_1_0000" }, "Use list_calls"]
  ])("%s %j says what is wrong", async (name, args, expected) => {
    const { isError, content } = await session.call(name, args);
    expect(isError).toBe(true);
    expect(content[0]?.text).toContain(expected);
    expect(content[0]?.text).toMatch(HANDLE);
  });

  it("is found in the history by the handle in its message", async () => {
    const { content } = await session.call("get_repository", { owner: "octo", repo: "gone" });
    const call = HANDLE.exec(content[0]?.text ?? "")?.[0].slice("(ref ".length, -1);
    const { structuredContent } = await session.call("get_call", { call });
    expect(structuredContent).toMatchObject({ call, tool: "get_repository", outcome: "error", error: "NotFound" });
  });

  it("is -32602 for a tool that is not there, and a row of the history all the same", async () => {
    const answer = await session.request("tools/call", { name: "drop_tables", arguments: {} });
    expect(answer.error).toMatchObject({ code: -32602, message: "Unknown tool: drop_tables", data: { reason: "unknown_tool" } });
    const { structuredContent } = await session.call("list_calls", { session: "this", tool: "drop_tables" });
    expect(structuredContent?.calls).toMatchObject([{ outcome: "error" }]);
  });

  it.each([
    ["tools/call", {}],
    ["tools/call", { name: 1 }],
    ["tools/call", { name: "get_call", arguments: [] }],
    ["prompts/get", { name: "none" }],
    ["prompts/get", { name: "explore_repository", arguments: { owner: "octo" } }],
    ["resources/read", {}],
    ["resources/read", { uri: "repository://octo/..%2f" }]
  ])("%s %j is -32602", async (method, params) => {
    const answer = await session.request(method, params);
    expect(answer.error?.code).toBe(-32602);
  });

  it.each(["repository://octo/none", "nothing://here", "calls://recent/1"])("is not found for the resource %s", async (uri) => {
    const { error } = await session.request("resources/read", { uri });
    const expected = wire.era === "stateless" ? { code: -32602, data: { uri } } : { code: -32002, data: { reason: "unknown_resource" } };
    expect(error).toMatchObject(expected);
  });

  it("is -32601 for a method that is not there", async () => {
    const answer = await session.request("tools/uninstall");
    expect(answer.error).toMatchObject({ code: -32601, data: { reason: "unknown_method" } });
  });
});
