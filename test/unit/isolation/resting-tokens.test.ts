import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { SessionAgent } from "../../../src/index.ts";
import { CALLER_HEADER } from "../../../src/mcp/doors/caller-header.ts";
import { createCaller, createPerson, type Person, send, stubOf } from "../session/in-worker.ts";
import { chill, dump, homeOf } from "./belongings.ts";
import { connect, WIRES } from "./client.ts";

// What a person acts with at GitHub is in memory while it is used, and rests nowhere but sealed. The controls are objects that store it.

let alice: Person;
/** The credentials that GitHub was asked with. */
let shown: Set<string | null>;

beforeEach(async () => {
  alice = await createPerson();
  shown = new Set();
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    shown.add(new Request(input, init).headers.get("authorization"));
    return Response.json(REPOSITORY);
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

const AT = "2026-01-01T00:00:00Z";
const REPOSITORY = {
  ...{ full_name: "octo/burrow", html_url: "https://github.com/octo/burrow", default_branch: "main", created_at: AT, updated_at: AT },
  ...{ stargazers_count: 1, forks_count: 1, open_issues_count: 1 }
};
const READ = { name: "get_repository", arguments: { owner: "octo", repo: "burrow" } };
const KEY = { "dormouse/idempotency-key": "at rest" };

/** Uses the token in every way that outlives a request; returns the sessions. */
async function useToken(): Promise<readonly string[]> {
  const clients = [];
  for (const wire of WIRES) {
    const client = await connect(wire, alice);
    expect(await client.ask("tools/call", READ)).toContain("octo/burrow");
    expect(await client.ask("tools/call", { ...READ, _meta: KEY })).toContain("octo/burrow");
    clients.push(client);
  }
  const call = createCaller(alice.headers);
  const ask = { id: "ask", kind: "approval", message: "Go on?" };
  const read = { id: "read", kind: "tool", tool: "get_repository", arguments: READ.arguments };
  const work = { id: "work", kind: "tool", tool: "long_operation", arguments: { steps: 100, delayMs: 100 } };
  await call("start_workflow", { definition: { name: "waits", steps: [read, ask] } });
  await call("start_workflow", { definition: { name: "sleeps", steps: [read, { id: "nap", kind: "sleep", seconds: 60 }] } });
  await call("start_workflow", { definition: { name: "works", steps: [read, work] } });
  await expect.poll(async () => JSON.stringify(await call("list_runs"))).toMatch(/sleeping.*|waiting/);
  return clients.map(({ session }) => session).filter((session) => session !== "");
}

/** All that rests anywhere, as text. */
async function everything(sessions: readonly string[]): Promise<string> {
  const objects = [...sessions.map(stubOf), homeOf(alice.id)];
  const stored = await Promise.all(objects.map((object) => dump(object)));
  for (const namespace of [env.OAUTH_KV, env.KEYS]) {
    const { keys } = await namespace.list();
    for (const key of keys) stored.push(JSON.stringify(key), (await namespace.get(key.name)) ?? "");
  }
  return stored.join("\n");
}

const secretsOf = ({ githubToken, accessToken, refreshToken }: Person) =>
  [githubToken, accessToken, refreshToken].flatMap((secret) => [secret, Buffer.from(secret).toString("base64url").slice(2, -4)]);

const foundIn = (text: string) => secretsOf(alice).filter((secret) => text.includes(secret));

it("finds no token of hers in tables, keys, sockets or KV, while runs, sockets and keyed calls go on", { timeout: 30_000 }, async () => {
  const sessions = await useToken();
  const texts = [await everything(sessions)];
  for (const session of sessions) await chill(stubOf(session));
  texts.push(await everything(sessions));
  expect([...shown]).toEqual([`token ${alice.githubToken}`]); // it was used, and no other
  // What is looked into is all there is: her calls, her runs, her socket, her grant.
  const [text = ""] = texts;
  for (const kept of ["octo/burrow", '"sealedToken"', '"waits"', '"works"', '"at rest"', "grant:", alice.id]) expect(text).toContain(kept);
  expect(texts.flatMap(foundIn)).toEqual([]);
});

it("finds it where an object stores who calls", async () => {
  const { fetch } = SessionAgent.prototype;
  vi.spyOn(SessionAgent.prototype, "fetch").mockImplementation(function (this: SessionAgent, request: Request) {
    const { storage } = Reflect.get(this, "ctx") as DurableObjectState;
    storage.kv.put("caller", request.headers.get(CALLER_HEADER));
    return fetch.call(this, request);
  });
  const { session } = await connect("HTTP", alice);
  await (await send("POST", session, { id: 1, method: "tools/call", params: READ }, alice.headers)).text();
  expect(foundIn(await everything([session]))).toContain(alice.githubToken);
});
