import { createHash, randomBytes } from "node:crypto";
import type { Browser } from "./browser.ts";
import { decide, signInAtGitHub, type Tokens } from "./sign-in.ts";

// How Claude's connectors sign in: https://claude.com/docs/connectors/building/authentication. What Claude would not put up with throws.

/** Where Claude takes answers of authorization servers. */
export const CLAUDE_CALLBACKS = ["https://claude.ai/api/mcp/auth_callback", "https://claude.com/api/mcp/auth_callback"] as const;

/** What Claude knows of a server once it has read where a refusal leads. */
export interface Discovered {
  readonly resource: string;
  /** What the refusal asks for, and `offline_access` if it can be had. */
  readonly scopes: readonly string[];
  readonly server: ServerMetadata;
  /** Whether Claude would name itself by the address of its document instead of registering. */
  readonly takesDocuments: boolean;
}

/** The parts of https://www.rfc-editor.org/rfc/rfc8414#section-2 that Claude reads. */
export interface ServerMetadata {
  readonly issuer: string;
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly registration_endpoint: string;
  readonly scopes_supported: readonly string[];
  readonly code_challenge_methods_supported: readonly string[];
  readonly token_endpoint_auth_methods_supported: readonly string[];
  readonly authorization_response_iss_parameter_supported?: boolean;
  readonly client_id_metadata_document_supported?: boolean;
}

/** Follows a 401 to the resource's metadata and on to its authorization server's. */
export async function discoverFrom(refused: Response, mcpUrl: string): Promise<Discovered> {
  expectThat(refused.status === 401, `a request without credentials answered ${refused.status}`);
  const challenge = readChallenge(refused);
  const { resource, authorization_servers } = await readJson<{ resource: string; authorization_servers: [string] }>(
    challenge.resource_metadata ?? ""
  );
  expectThat(resource === mcpUrl, `the metadata is of ${resource}, not of ${mcpUrl}`);
  const [issuer] = authorization_servers;
  const server = await readJson<ServerMetadata>(`${issuer}/.well-known/oauth-authorization-server`);
  expectThat(server.issuer === issuer, `the metadata of ${issuer} names ${server.issuer}`);
  expectThat(server.code_challenge_methods_supported.includes("S256"), "S256 is not supported");
  const takesPublic = server.token_endpoint_auth_methods_supported.includes("none");
  expectThat(takesPublic, "public clients are not supported");
  expectThat(server.authorization_response_iss_parameter_supported === true, "iss is not supported");
  const takesDocuments = takesPublic && server.client_id_metadata_document_supported === true;
  return { resource, scopes: withRefresh((challenge.scope ?? "").split(" "), server), server, takesDocuments };
}

/** The parameters of a `WWW-Authenticate` header. */
export function readChallenge({ headers }: Response): Readonly<Record<string, string | undefined>> {
  const text = headers.get("www-authenticate") ?? "";
  return Object.fromEntries([...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = "", value]) => [name, value]));
}

/** Adds what a refresh token is asked for with, where it is listed. */
export const withRefresh = (scopes: readonly string[], { scopes_supported }: ServerMetadata): readonly string[] =>
  scopes_supported.includes("offline_access") ? [...scopes, "offline_access"] : scopes;

/** Registers a client with both callbacks; returns its id. */
export async function registerClaude({ server, scopes }: Discovered): Promise<string> {
  const response = await fetch(server.registration_endpoint, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      client_name: "Claude",
      client_uri: "https://claude.ai",
      redirect_uris: CLAUDE_CALLBACKS,
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
      scope: scopes.join(" ")
    })
  });
  const { client_id, token_endpoint_auth_method, redirect_uris } = (await response.json()) as Record<string, unknown>;
  expectThat(response.status === 201 && token_endpoint_auth_method === "none", `registration answered ${response.status}`);
  expectThat(JSON.stringify(redirect_uris) === JSON.stringify(CLAUDE_CALLBACKS), `registration kept ${redirect_uris}`);
  return String(client_id);
}

/** Who signs in to what. */
export interface Authorization {
  readonly browser: Browser;
  readonly login: string;
  readonly callback: string;
  readonly scopes: readonly string[];
  /** Boxes that the person ticks beside those that are ticked already. */
  readonly ticked?: readonly string[];
}

/** Sends a person through the sign-in, checks the answer at the callback and redeems its code. */
export async function authorizeClaude({ server, resource }: Discovered, clientId: string, asked: Authorization): Promise<Tokens> {
  const { browser, login, callback, scopes, ticked } = asked;
  const verifier = randomBytes(32).toString("base64url");
  const state = randomBytes(16).toString("base64url");
  const query = new URLSearchParams({
    response_type: "code",
    client_id: clientId,
    redirect_uri: callback,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    state,
    scope: scopes.join(" "),
    resource
  });
  const page = await browser.open(`${server.authorization_endpoint}?${query}`);
  expectThat(page.status === 200, `the consent page answered ${page.status}: ${page.body}`);
  const atGitHub = await browser.submit(server.authorization_endpoint, decide(page, "approve", ticked), { stopAt: callback });
  const { origin, pathname, searchParams: answer } = new URL((await signInAtGitHub(browser, atGitHub, login, callback)).url);
  expectThat(`${origin}${pathname}` === callback, `the answer went to ${origin}${pathname}`);
  expectThat(answer.get("iss") === server.issuer, `the answer is of ${answer.get("iss")}`);
  expectThat(answer.get("state") === state, `the answer is to another request: ${answer}`);
  const code = answer.get("code") ?? "";
  return askForTokens(server, {
    ...{ grant_type: "authorization_code", client_id: clientId, redirect_uri: callback },
    ...{ code, code_verifier: verifier, resource }
  });
}

/** Asks the token endpoint for tokens. */
export async function askForTokens({ token_endpoint }: ServerMetadata, parameters: Record<string, string>): Promise<Tokens> {
  const response = await fetch(token_endpoint, { method: "POST", body: new URLSearchParams(parameters) });
  const answer: unknown = await response.json();
  expectThat(response.status === 200, `the token endpoint answered ${response.status}: ${JSON.stringify(answer)}`);
  return answer as Tokens; // its tests say what it holds
}

async function readJson<T>(url: string): Promise<T> {
  const response = await fetch(url);
  expectThat(response.status === 200, `${url} answered ${response.status}`);
  return (await response.json()) as T;
}

function expectThat(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(`Claude cannot connect: ${otherwise}.`);
}
