import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { startGitHub } from "../../scripts/upstreams/github.ts";
import { type ApiKeyRecord, apiKeyName, createApiKey } from "../../src/auth/api-key.ts";
import { DEPLOYED_BINDINGS, startBuiltWorker } from "../support/built-worker.ts";
import { type Expect, runCheck } from "./run-check.ts";

// The built Worker as it is deployed: not local, behind its own host name, for whoever has an API key and for nobody else.

const HOST = "dormouse.example.workers.dev";

async function servesKeys(expect: Expect): Promise<void> {
  const stateDir = await mkdtemp(join(tmpdir(), "dormouse-keys-"));
  const github = await startGitHub();
  const bindings = { ...DEPLOYED_BINDINGS, GITHUB_API_URL: github.url, GITHUB_TOKEN: github.token };
  const [mine, other] = [createApiKey(), createApiKey()];
  try {
    const worker = await startBuiltWorker({ stateDir, bindings, kv: { KEYS: Object.fromEntries([mine, other].map(toEntry)) } });
    await expectRefusals(expect, worker.url);
    const sessionId = await work(expect, worker.url, mine.key);
    const stranger = await ping(worker.url, { authorization: `Bearer ${other.key}`, "mcp-session-id": sessionId });
    expect("the key of another finds no session under this id", stranger.status === 404, stranger);
    await worker.kill("SIGKILL");
    // Without `kv`: the keys are where the first start put them.
    const restarted = await startBuiltWorker({ stateDir, bindings });
    await remember(expect, restarted.url, mine.key, sessionId);
    await restarted.stop();
  } finally {
    await github.close();
    await rm(stateDir, { recursive: true, force: true });
  }
  await expectUnconfigured(expect);
}

const toEntry = ({ kid, hash }: ReturnType<typeof createApiKey>): [string, string] => {
  const record: ApiKeyRecord = { hash, scopes: ["mcp:use", "github:read"], created: Date.now() };
  return [apiKeyName(kid), JSON.stringify(record)];
};

/** The main job: search, a long operation with progress, and one that its client leaves behind. */
async function work(expect: Expect, url: string, key: string): Promise<string> {
  const { client, transport } = await connect(url, key);
  const found = await client.callTool({ name: "search_repositories", arguments: { query: "durable queue", limit: 5 } });
  expect("a search finds hazel-works/burrow", JSON.stringify(found.structuredContent).includes('"hazel-works/burrow"'), textOf(found));
  const steps: number[] = [];
  const long = { name: "long_operation", arguments: { steps: 8, delayMs: 100 } };
  const done = await client.callTool(long, undefined, { onprogress: ({ progress }) => void steps.push(progress) });
  expect("a long operation reports each step", steps.join() === "1,2,3,4,5,6,7,8", steps);
  expect("and its answer", JSON.stringify(done.structuredContent).includes('"steps":8'), textOf(done));
  const sessionId = transport.sessionId ?? "";
  await leaveBehind(client);
  return sessionId;
}

/** Closes the connection at the second step. */
async function leaveBehind(client: Client): Promise<void> {
  const long = { name: "long_operation", arguments: { steps: 9, delayMs: 200 } };
  await new Promise<void>((resolve, reject) => {
    const onprogress = ({ progress }: { progress: number }) => {
      if (progress === 2) client.close().then(resolve, reject);
    };
    client.callTool(long, undefined, { onprogress }).catch(() => {}); // its answer goes nowhere
  });
  await sleep(9 * 200 + 500);
}

/** A new connection to the old session, after a restart. */
async function remember(expect: Expect, url: string, key: string, sessionId: string): Promise<void> {
  const { client } = await connect(url, key, sessionId);
  const listed = await client.callTool({ name: "list_calls", arguments: { session: "this" } });
  const { calls } = listed.structuredContent as { calls: { tool: string; outcome: string }[] }; // its output schema
  const seen = calls.map(({ tool, outcome }) => `${tool} ${outcome}`).join(", ");
  expect(
    "after a disconnection and a restart the history is complete, with what was left behind",
    seen === "long_operation ok, long_operation ok, search_repositories ok",
    seen
  );
  await client.close();
}

async function expectRefusals(expect: Expect, url: string): Promise<void> {
  const anonymous = await ping(url);
  expect("without a key: 401 and a challenge", anonymous.status === 401 && anonymous.challenge.startsWith("Bearer"), anonymous);
  const wrong = await ping(url, { authorization: `Bearer ${createApiKey().key}` });
  expect("with a key that was never made: 401 invalid_token", wrong.status === 401 && wrong.challenge.includes("invalid_token"), wrong);
  const connecting = await connect(url, createApiKey().key).then(
    () => "connected",
    () => "refused"
  );
  expect("the SDK's client is refused with such a key", connecting === "refused");
}

/** What a deployment says before anybody can come in: 503, and the command to run. */
async function expectUnconfigured(expect: Expect): Promise<void> {
  const cases = [
    { name: "a secret and no key", bindings: DEPLOYED_BINDINGS, command: "npm run keys -- create --remote" },
    { name: "no secret", bindings: {}, command: "npm run deploy" },
    {
      name: "the public secret of local mode",
      bindings: { DORMOUSE_SECRET: "local-only-this-secret-is-public" },
      command: "npm run deploy"
    }
  ];
  for (const { name, bindings, command } of cases) {
    const stateDir = await mkdtemp(join(tmpdir(), "dormouse-keys-"));
    const worker = await startBuiltWorker({ stateDir, bindings });
    const refusal = await ping(worker.url, { authorization: `Bearer ${createApiKey().key}` });
    expect(`${name}: 503 that names "${command}"`, refusal.status === 503 && refusal.body.includes(command), refusal);
    await worker.stop();
    await rm(stateDir, { recursive: true, force: true });
  }
}

async function connect(url: string, key: string, sessionId?: string) {
  const client = new Client({ name: "verify", version: "1" });
  const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp`), {
    fetch: fetchAsHost,
    requestInit: { headers: { authorization: `Bearer ${key}` } },
    ...(sessionId !== undefined && { sessionId })
  });
  // The SDK's own two types disagree under exactOptionalPropertyTypes: its sessionId may be undefined.
  await client.connect(transport as Parameters<Client["connect"]>[0]);
  return { client, transport };
}

async function ping(url: string, headers: Record<string, string> = {}) {
  const response = await fetchAsHost(`${url}/mcp`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json, text/event-stream", ...headers },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" })
  });
  return { status: response.status, challenge: response.headers.get("www-authenticate") ?? "", body: await response.text() };
}

/** Sends the Host of a deployment to 127.0.0.1. Not node's own fetch: the Fetch standard forbids that header. */
function fetchAsHost(url: string | URL, init: RequestInit = {}): Promise<Response> {
  const headers = Object.fromEntries(new Headers(init.headers));
  const { method = "GET", signal } = init;
  return new Promise((resolve, reject) => {
    const options = { method, headers: { ...headers, host: HOST }, ...(signal && { signal }) };
    const sent = request(url, options, (incoming) => {
      const { statusCode: status = 0, headers: received } = incoming;
      const pairs = Object.entries(received).map(([name, value]): [string, string] => [name, String(value)]);
      // Node's and the DOM's ReadableStream are the same object with two types.
      const body = [202, 204, 304].includes(status) ? null : (Readable.toWeb(incoming) as ReadableStream<Uint8Array>);
      if (body === null) incoming.resume();
      resolve(new Response(body, { status, headers: pairs }));
    });
    sent.once("error", reject).end(typeof init.body === "string" ? init.body : undefined);
  });
}

const textOf = (result: Awaited<ReturnType<Client["callTool"]>>): string => JSON.stringify(result.content).slice(0, 200);

await runCheck(servesKeys);
