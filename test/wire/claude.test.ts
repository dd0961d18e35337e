import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type GitHubUpstream, startGitHub } from "../../scripts/upstreams/github.ts";
import { tokenKey } from "../../src/auth/github-grant.ts";
import { Browser } from "../support/browser.ts";
import { ClaudeClient, type Outcome, type Person } from "../support/claude-client.ts";
import { CLAUDE_CALLBACKS } from "../support/claude-sign-in.ts";
import { DEPLOYED, startServer, type TestServer } from "../support/server.ts";
import type { ToolAnswer } from "../support/session.ts";
import type { Tokens } from "../support/sign-in.ts";

let github: GitHubUpstream;
let server: TestServer;
let registered: ClaudeClient;
let clients: ClaudeClient[] = [];

beforeAll(async () => {
  github = await startGitHub();
  const settings = {
    ...DEPLOYED,
    GITHUB_API_URL: github.url,
    GITHUB_WEB_URL: github.url,
    GITHUB_CLIENT_ID: "Ov23example",
    GITHUB_CLIENT_SECRET: "a-secret-of-the-app"
  };
  server = await startServer({ settings });
  registered = await ClaudeClient.find(`${server.url}/mcp`);
});
afterAll(async () => {
  await Promise.all([server?.close(), github?.close()]);
});

// Claude has no elicitation: nothing that it does may end in a question that it cannot show.
afterEach(() => {
  const heard = clients.flatMap((client) => client.heard);
  expect(heard.length).toBeGreaterThan(0);
  expect(heard.filter(({ method }) => method?.startsWith("elicitation/"))).toEqual([]);
  expect(heard.filter(({ result }) => result?.resultType === "input_required")).toEqual([]);
  clients = [];
});

const [CLAUDE_AI, CLAUDE_COM] = CLAUDE_CALLBACKS;

const personOf = (login: string): Person => ({ login, browser: new Browser() });

const listenTo = (client: ClaudeClient): ClaudeClient => {
  clients.push(client);
  return client;
};

/** A client that has found the server by itself. */
const find = async (): Promise<ClaudeClient> => listenTo(await ClaudeClient.find(`${server.url}/mcp`));

/** A client for which somebody has signed in. */
async function connect(person: Person): Promise<ClaudeClient> {
  const client = listenTo(registered.forAnother());
  await client.signIn(person, CLAUDE_AI);
  return client;
}

const resultOf = ({ status, messages }: Outcome): Readonly<Record<string, unknown>> => {
  const result = messages.at(-1)?.result;
  if (status !== 200 || !result) throw new Error(`${status} ${JSON.stringify(messages)}`);
  return result;
};

const structured = (outcome: Outcome): Record<string, unknown> => {
  const { structuredContent, content } = resultOf(outcome) as unknown as ToolAnswer;
  if (!structuredContent) throw new Error(JSON.stringify(content));
  return structuredContent;
};

const toolsOf = (outcome: Outcome): string[] => (resultOf(outcome).tools as { name: string }[]).map(({ name }) => name);

const SEARCH = { name: "search_repositories", arguments: { query: "burrow" } };
const LIST = { name: "list_calls", arguments: { tool: SEARCH.name } };
const DELETE = { name: "delete_calls", arguments: { tool: "get_weather" } };
const FOUND = { repositories: expect.arrayContaining([expect.objectContaining({ fullName: "hazel-works/burrow" })]) };

describe("Claude with nothing but the address", () => {
  it.each(CLAUDE_CALLBACKS)("signs somebody in by %s and calls tools without a session, with progress", async (callback) => {
    const client = await find();
    expect(client.found).toMatchObject({ takesDocuments: true, scopes: ["mcp:use", "github:read", "offline_access"] });
    const tokens = await client.signIn(personOf("robin-hale"), callback);
    expect(tokens).toMatchObject({ scope: "mcp:use github:read offline_access", resource: client.url });
    expect(resultOf(await client.ask("server/discover")).supportedVersions).toContain("2026-07-28");
    expect(toolsOf(await client.ask("tools/list"))).toContain(SEARCH.name);
    expect(structured(await client.ask("tools/call", SEARCH))).toMatchObject(FOUND);
    const long = { name: "long_operation", arguments: { steps: 3, delayMs: 20 } };
    const { messages } = await client.ask("tools/call", long, { progressToken: "shown" });
    const steps = messages.filter(({ method }) => method === "notifications/progress").map(({ params }) => params);
    expect(steps).toMatchObject([1, 2, 3].map((progress) => ({ progressToken: "shown", progress })));
    expect(messages.at(-1)?.result).toMatchObject({ structuredContent: { steps: 3 } });
    expect(client.sessionId).toBeUndefined();
  });
});

describe("Claude with the opening of 2025-11-25", () => {
  it("is told which scopes a tool needs, asks for those, and goes on in the same session", async () => {
    const person = personOf("tomasz-krol");
    const client = await connect(person);
    expect(resultOf(await client.begin())).toMatchObject({ protocolVersion: "2025-11-25" });
    const { sessionId } = client;
    expect(sessionId).toBeDefined();
    expect(toolsOf(await client.askInSession("tools/list"))).toEqual(expect.arrayContaining([SEARCH.name, DELETE.name]));
    expect(structured(await client.askInSession("tools/call", SEARCH))).toMatchObject(FOUND);

    const refused = await client.askInSession("tools/call", DELETE);
    expect(refused).toMatchObject({
      status: 403,
      challenge: { error: "insufficient_scope", scope: "mcp:use github:read mcp:delete", resource_metadata: expect.any(String) }
    });
    const tokens = await client.signIn(person, CLAUDE_AI, { challenge: refused.challenge });
    expect(tokens.scope.split(" ").sort()).toEqual(["github:read", "mcp:delete", "mcp:use", "offline_access"]);
    expect(structured(await client.askInSession("tools/call", DELETE))).toEqual({ deleted: 0, hasMore: false });
    expect(client.sessionId).toBe(sessionId);
    expect((await client.askInSession("tools/call", SEARCH)).status).toBe(200);
    expect(client.statuses.filter((status) => status === 401)).toEqual([]);
  });

  // A connector that is connected again asks for what it asked for at first, whatever a 403 has named:
  // https://github.com/anthropics/claude-ai-mcp/issues/931
  it("gets what a tool needs from a person who ticks it, when it only connects again", async () => {
    const person = personOf("ana-ferreira");
    const client = await connect(person);
    await client.begin();
    expect((await client.askInSession("tools/call", DELETE)).status).toBe(403);
    await client.signIn(person, CLAUDE_COM, { ticked: ["mcp:delete"] });
    expect(structured(await client.askInSession("tools/call", DELETE))).toEqual({ deleted: 0, hasMore: false });
  });

  it("begins anew when its session is gone, and finds its history there", async () => {
    const client = await connect(personOf("mara-lind"));
    await client.begin();
    const { sessionId } = client;
    structured(await client.askInSession("tools/call", SEARCH));
    const { calls } = structured(await client.askInSession("tools/call", LIST));
    expect(calls).toEqual([expect.objectContaining({ tool: SEARCH.name, outcome: "ok" })]);
    expect(await client.end()).toBe(204);
    const gone = await client.askInSession("tools/call", SEARCH);
    expect(gone).toMatchObject({ status: 404, messages: [{ id: null, error: { code: -32001 } }] });
    await client.begin();
    expect(client.sessionId).not.toBe(sessionId);
    expect(structured(await client.askInSession("tools/call", LIST)).calls).toEqual(calls);
  });
});

/** `DEFAULTS.oauth.refreshKeptMs` */
const REFRESH_KEPT_MS = 2000;

describe("a token of Claude's", () => {
  it("is renewed before it ends, and the session goes on", async () => {
    const client = await connect(personOf("tomasz-krol"));
    await client.begin();
    const { sessionId, tokens: first } = client;
    client.aheadMs = 56 * 60_000;
    expect(structured(await client.askInSession("tools/call", SEARCH))).toMatchObject(FOUND);
    expect(client.tokens.access_token).not.toBe(first.access_token);
    expect(client.tokens).toMatchObject({ scope: first.scope, resource: first.resource });
    expect(client.sessionId).toBe(sessionId);
    expect(client.statuses).toEqual([200, 202, 200]);
  });

  it("is renewed with the refresh token before, when the answer with the next was lost", async () => {
    const client = await connect(personOf("robin-hale"));
    const { refresh_token: first } = client.tokens;
    const { refresh_token: lost } = await client.renew();
    await sleep(REFRESH_KEPT_MS + 50); // from then on it is not the same request, but another
    const { refresh_token: second } = await client.renew(first);
    expect(second).not.toBe(lost);
    expect(structured(await client.ask("tools/call", SEARCH))).toMatchObject(FOUND);
    await client.renew();
    // What came before is worth nothing from then on, and ends nothing.
    for (const spent of [first, lost]) await expect(client.renew(spent)).rejects.toThrow("invalid_grant");
    await client.renew();
    expect(structured(await client.ask("tools/call", SEARCH))).toMatchObject(FOUND);
  });

  it("is renewed by two windows at once, and both can renew theirs", async () => {
    const client = await connect(personOf("robin-hale"));
    const windows = await Promise.all([client.renew(), client.renew()]);
    for (const { refresh_token } of windows) {
      await client.renew(refresh_token);
      expect((await client.ask("tools/list")).status).toBe(200);
    }
  });

  it("outlives that the same person signs in once more, and that another does, to the same registration", async () => {
    const [first, again, another] = [
      await connect(personOf("robin-hale")),
      await connect(personOf("robin-hale")),
      await connect(personOf("mara-lind"))
    ];
    await again.renew();
    await another.renew();
    await first.renew();
    for (const client of [first, again, another]) expect((await client.ask("tools/list")).status).toBe(200);
    expect(new Set([first, again, another].map(({ tokens }) => tokens.refresh_token)).size).toBe(3);
  });

  it("that has ended in the middle of a session is refused, renewed, and the same session goes on", async () => {
    const client = await connect(personOf("ana-ferreira"));
    const endsMs = await endEarly(client.tokens);
    await client.begin();
    const { sessionId } = client;
    expect(structured(await client.askInSession("tools/call", SEARCH))).toMatchObject(FOUND);
    expect(client.statuses).toEqual([200, 202, 200]);
    await sleep(endsMs - Date.now() + 50);
    expect(structured(await client.askInSession("tools/call", SEARCH))).toMatchObject(FOUND);
    expect(client.statuses).toEqual([200, 202, 200, 401, 200]);
    expect(client.refusals).toEqual([
      { realm: "dormouse", error: "invalid_token", scope: "mcp:use github:read", resource_metadata: expect.any(String) }
    ]);
    expect(client.sessionId).toBe(sessionId);
  });
});

it("lets a run go on while Claude is away, and tells how it ended to who comes back with another token", async () => {
  const person = personOf("robin-hale");
  const before = await connect(person);
  const asked = { workflow: "repository_report", inputs: { repositories: ["hazel-works/burrow", "mara-lind/loam"] } };
  const { run, state } = structured(await before.ask("tools/call", { name: "start_workflow", arguments: asked }));
  expect(state).toBe("running");

  const after = await find();
  await after.signIn(person, CLAUDE_COM);
  expect(after.id).not.toBe(before.id);
  const get = { name: "get_run", arguments: { run, waitSeconds: 8 } };
  const ended = structured(await after.ask("tools/call", get));
  expect(ended).toMatchObject({ state: "completed", output: { summary: { repositories: 2, read: 2, failed: 0 } } });
  await after.renew();
  expect(structured(await after.ask("tools/call", get))).toEqual(ended);
  await after.begin();
  expect(structured(await after.askInSession("tools/call", get))).toEqual(ended);
});

/** Lets a token that nobody has used yet end within two seconds, by the library's own record of it. Returns when, in milliseconds. */
async function endEarly({ access_token }: Tokens): Promise<number> {
  const [userId = "", grantId = ""] = access_token.split(":");
  const key = tokenKey(userId, grantId, createHash("sha256").update(access_token).digest("hex"));
  const { OAUTH_KV } = (await server.worker.getEnv()) as { OAUTH_KV: TextStore };
  const record = JSON.parse((await OAUTH_KV.get(key)) ?? "null") as { expiresAt: number };
  const expiresAt = Math.floor(Date.now() / 1000) + 2;
  await OAUTH_KV.put(key, JSON.stringify({ ...record, expiresAt }));
  return expiresAt * 1000;
}

interface TextStore {
  get(key: string): Promise<string | null>;
  put(key: string, value: string): Promise<void>;
}
