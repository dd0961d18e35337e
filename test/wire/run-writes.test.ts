import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type GitHubStub, startGitHubStub } from "../support/github-stub.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { RawStateless } from "../support/stateless.ts";

let stub: GitHubStub;
let server: TestServer;
let stateless: RawStateless;

beforeAll(async () => {
  stub = await startGitHubStub();
  server = await startServer({ configPath: "test/fixtures/wrangler.toml", settings: { GITHUB_API_URL: stub.url } });
  stateless = new RawStateless(`${server.url}/mcp`);
});
afterAll(async () => {
  await Promise.all([server?.close(), stub?.close()]);
});
beforeEach(() => stub.reset());

const note = (id: string, more: object = {}) => ({
  ...{ id, kind: "tool", tool: "create_note", arguments: { owner: "octo", repo: "notes", title: `note ${id}` } },
  ...more
});

const start = async (...steps: object[]): Promise<unknown> =>
  (await stateless.call("start_workflow", { definition: { name: "writes", steps } })).structuredContent?.run;

const settled = async (run: unknown) => (await stateless.call("get_run", { run, waitSeconds: 8 })).structuredContent;

describe("the writes of a run", () => {
  it("are sent once each, those of items too", async () => {
    const each = {
      ...{ id: "each", kind: "for_each", items: ["a", "b", "c", "d"], tool: "create_note", concurrency: 3 },
      arguments: { owner: "octo", repo: "notes", title: "note {{/item}}" }
    };
    expect(await settled(await start(note("first"), each))).toMatchObject({ state: "completed", done: 2 });
    const titles = stub.writes.map(({ body }) => (JSON.parse(body) as { title: string }).title);
    expect(titles.sort()).toEqual(["note a", "note b", "note c", "note d", "note first"]);
  });

  it("end it unknown where nobody knows what became of one, and no retry sends that again", async () => {
    stub.behave("bad_gateway");
    const run = await start(note("only", { retry: { attempts: 3, delaySeconds: 1 } }), note("after"));
    expect(await settled(run)).toMatchObject({ state: "unknown", error: expect.stringContaining("only: nobody knows"), done: 0 });
    const refused = await stateless.call("retry_run", { run });
    expect(refused.content[0]?.text).toContain("so it is not made again");
    expect(stub.writes).toHaveLength(1);
  });

  it("are sent again by its policy where GitHub refused them for now", async () => {
    stub.behave("rate_limit");
    const run = await start(note("only", { retry: { attempts: 2, delaySeconds: 1 } }));
    await expect.poll(() => stub.writes.length).toBe(1);
    stub.behave("ok");
    expect(await settled(run)).toMatchObject({ state: "completed", steps: [{ step: "only", state: "ok", attempt: 2 }] });
    expect(stub.writes).toHaveLength(2);
  });

  it("fail where GitHub refuses the server's own token, which no sign-in helps, and are sent once more when it is retried", async () => {
    stub.behave("unauthorized");
    const run = await start(note("only"));
    expect(await settled(run)).toMatchObject({
      state: "failed",
      error: expect.stringContaining("Whoever runs it must set GITHUB_TOKEN anew.")
    });
    stub.behave("ok");
    await stateless.call("retry_run", { run });
    expect(await settled(run)).toMatchObject({ state: "completed", done: 1 });
    expect(stub.writes).toHaveLength(2);
  });

  it("settle where they are in flight before it is cancelled, and the answer comes after that", async () => {
    stub.behave("late");
    const run = await start(note("first"), note("second"));
    await expect.poll(() => stub.writes.length).toBe(1);
    const { structuredContent: cancelled } = await stateless.call("cancel_run", { run });
    expect(cancelled).toMatchObject({ state: "cancelled", step: "second", done: 1 });
    expect(await settled(run)).toMatchObject({ steps: [{ step: "first", state: "ok" }] });
    expect(stub.writes).toHaveLength(1);
  });

  it("are not sent again where a later step failed and the run is retried", async () => {
    const missing = { id: "missing", kind: "tool", tool: "get_call", arguments: { call: "none" } };
    const run = await start(note("first"), missing);
    expect(await settled(run)).toMatchObject({ state: "failed", step: "missing" });
    await stateless.call("retry_run", { run });
    expect(await settled(run)).toMatchObject({ state: "failed", step: "missing", done: 1 });
    expect(stub.writes).toHaveLength(1);
  });
});
