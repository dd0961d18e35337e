import { setTimeout as sleep } from "node:timers/promises";
import { auth, UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Page } from "playwright-core";
import { type OAuthWorld, PRIVATE_REPOSITORY } from "./oauth-world.ts";
import { calledBack, openBrowser } from "./person.ts";
import type { Expect } from "./run-check.ts";
import { SignInProvider, STATE } from "./sign-in-provider.ts";

/** An app of the SDK's, and the person who signs in through it. */
export interface SignIn {
  /** What its sentences begin with. */
  readonly who: string;
  readonly login: string;
  /** Somebody whose repository this person may not see. */
  readonly other: string;
  readonly documentUrl?: string;
  /** What the page must say of the app. */
  readonly facts: readonly string[];
  /** What the SDK asks for on its way to the person. */
  readonly trail: readonly string[];
  /** Operates the consent page and GitHub's. */
  operate(page: Page): Promise<void>;
}

/** Walks an app of the SDK's from 401 to its end: it signs somebody in, calls as them, refreshes, is revoked. */
export async function expectSignInFlow(expect: Expect, world: OAuthWorld, signIn: SignIn): Promise<void> {
  const { who, login, other } = signIn;
  const { provider, connect } = await signInWithSdk(expect, world, signIn);
  const granted = provider.tokens()?.scope;
  expect(`${who}: is granted what it asked for and what the person added`, granted === GRANTED, granted);
  await expectCallsAs(expect, who, await connect(), login, other);

  const before = provider.tokens();
  await auth(provider, { serverUrl: `${world.url}/mcp` });
  const after = provider.tokens();
  const isFresh = after?.access_token !== undefined && after.access_token !== before?.access_token;
  expect(`${who}: a refresh gives another access token for the same`, isFresh && after?.scope === GRANTED, after?.scope);
  const client = await connect();
  const own = await readNotes(client, login);
  expect(`${who}: which is ${login}'s as well`, own === "read", own);
  await client.close();

  await expectRevoked(expect, who, world, provider);
}

const GRANTED = "mcp:use github:read github:write offline_access";

interface App {
  readonly provider: SignInProvider;
  connect(): Promise<Client>;
}

async function signInWithSdk(expect: Expect, world: OAuthWorld, { who, facts, trail, documentUrl, operate }: SignIn): Promise<App> {
  const { page, context, complaints } = await openBrowser(world);
  const url = new URL(`${world.url}/mcp`);
  let back = new URLSearchParams();
  let text = "";
  const provider = new SignInProvider({
    redirectUri: world.callback.redirectUri,
    ...(documentUrl !== undefined && { documentUrl }),
    async show(authorizationUrl) {
      await page.goto(authorizationUrl.href);
      text = (await page.getByRole("main").innerText()).replaceAll(/\s+/g, " ");
      await operate(page);
      back = await calledBack(page, world.callback);
    }
  });
  const asked: string[] = [];
  const recordingFetch = async (input: string | URL, init?: RequestInit) => {
    const response = await fetch(input, init);
    asked.push(`${init?.method ?? "GET"} ${new URL(input).pathname} ${response.status}`);
    return response;
  };
  const transport = new StreamableHTTPClientTransport(url, { authProvider: provider, fetch: recordingFetch });
  const refusal = await connectOver(transport).catch((error: unknown) => error);
  expect(`${who}: the SDK's client finds its way from 401 to the consent page`, asked.join() === trail.join(), asked);
  expect(`${who}: it waits for the person there`, refusal instanceof UnauthorizedError, String(refusal));
  expect(
    `${who}: the page says what is known of it`,
    facts.every((fact) => text.includes(fact)),
    text.slice(0, 400)
  );
  const isOurs = back.get("state") === STATE && back.get("iss") === world.url;
  expect(`${who}: the browser comes back with a code, the app's state and the server's name`, isOurs && back.has("code"), [...back.keys()]);
  expect(`${who}: Chromium complains of nothing on the way`, complaints.length === 0, complaints);
  await transport.finishAuth(back.get("code") ?? "");
  await context.close();
  return { provider, connect: () => connectOver(new StreamableHTTPClientTransport(url, { authProvider: provider })) };
}

async function connectOver(transport: StreamableHTTPClientTransport): Promise<Client> {
  const client = new Client({ name: "verify", version: "1" });
  // The SDK's own two types disagree under exactOptionalPropertyTypes: its sessionId may be undefined.
  await client.connect(transport as Parameters<Client["connect"]>[0]);
  return client;
}

async function expectCallsAs(expect: Expect, who: string, client: Client, login: string, other: string): Promise<void> {
  const [own, others] = [await readNotes(client, login), await readNotes(client, other)];
  expect(`${who}: a tool reads what only ${login} may see`, own === "read", own);
  expect(`${who}: and not what only ${other} may`, others !== "read", others);
  await client.close();
}

/** Reads a person's own repository: `read`, or what was said instead. */
async function readNotes(client: Client, login: string): Promise<string> {
  const result = await client.callTool({ name: "get_repository", arguments: { owner: login, repo: PRIVATE_REPOSITORY } });
  const isRead = JSON.stringify(result.structuredContent)?.includes(`${login}/${PRIVATE_REPOSITORY}`);
  return isRead ? "read" : JSON.stringify(result.content);
}

async function expectRevoked(expect: Expect, who: string, world: OAuthWorld, provider: SignInProvider): Promise<void> {
  const { access_token = "", refresh_token = "" } = provider.tokens() ?? {};
  const client_id = provider.clientInformation()?.client_id ?? "";
  const metadata = (await (await fetch(`${world.url}/.well-known/oauth-authorization-server`)).json()) as Record<string, string>;
  const post = async (endpoint: string | undefined, parameters: Record<string, string>) => {
    const response = await fetch(endpoint ?? "", { method: "POST", body: new URLSearchParams({ client_id, ...parameters }) });
    return { status: response.status, body: await response.text() };
  };
  const control = await ping(world.url, access_token);
  const revoked = await post(metadata.revocation_endpoint, { token: refresh_token });
  expect(`${who}: until it is revoked its token is good`, control.status === 200 && revoked.status === 200, { control, revoked });
  const refused = await post(metadata.token_endpoint, { grant_type: "refresh_token", refresh_token });
  expect(`${who}: then it refreshes nothing`, refused.status === 400 && refused.body.includes("invalid_grant"), refused);
  const startedMs = Date.now();
  let last = await ping(world.url, access_token);
  while (last.status !== 401 && Date.now() - startedMs < REVOKED_MS) {
    await sleep(500);
    last = await ping(world.url, access_token);
  }
  const isChallenged = last.status === 401 && last.challenge.includes('error="invalid_token"');
  expect(`${who}: and within ${REVOKED_MS / 1000} s the access token, too, ends with 401`, isChallenged, `${Date.now() - startedMs} ms`);
}

/** What an isolate believes of a token, and a little for a machine that is busy: `DEFAULTS.credentialCacheMs`. */
const REVOKED_MS = 35_000;

async function ping(url: string, token: string) {
  const response = await fetch(`${url}/mcp`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      authorization: `Bearer ${token}`
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "initialize",
      params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "verify", version: "1" } }
    })
  });
  await response.body?.cancel();
  return { status: response.status, challenge: response.headers.get("www-authenticate") ?? "" };
}
