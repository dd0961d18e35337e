import { createHash, randomBytes } from "node:crypto";
import { Browser, fieldsOf, type Visited } from "./browser.ts";

/** A client of the authorization server, as small as one can be: for what official clients do not let a test see. */
export class OAuthClient {
  readonly id: string;
  readonly redirectUri: string;
  readonly #server: string;

  private constructor(server: string, id: string, redirectUri: string) {
    this.#server = server;
    this.id = id;
    this.redirectUri = redirectUri;
  }

  /** Registers a public client. */
  static async register(server: string, metadata: Record<string, unknown> = {}): Promise<OAuthClient> {
    const redirectUri = "http://127.0.0.1:1/callback";
    const response = await post(`${server}/oauth/register`, JSON.stringify({ ...METADATA, redirect_uris: [redirectUri], ...metadata }), {
      "content-type": "application/json",
      ...fromAnyAddress()
    });
    if (response.status !== 201) throw new Error(`registration answered ${response.status}: ${await response.text()}`);
    const { client_id, redirect_uris } = (await response.json()) as { client_id: string; redirect_uris: string[] };
    return new OAuthClient(server, client_id, redirect_uris[0] ?? redirectUri);
  }

  /** A client that is known by the address of its document. */
  static at(server: string, document: string, redirectUri: string): OAuthClient {
    return new OAuthClient(server, document, redirectUri);
  }

  /** Where a person is sent, and what the client keeps meanwhile. A parameter that is `undefined` is left out. */
  begin(parameters: Record<string, string | undefined> = {}): { readonly url: string; readonly verifier: string; readonly state: string } {
    const verifier = randomBytes(32).toString("base64url");
    const state = randomBytes(8).toString("hex");
    const asked = {
      response_type: "code",
      client_id: this.id,
      redirect_uri: this.redirectUri,
      state,
      scope: "mcp:use github:read",
      resource: `${this.#server}/mcp`,
      code_challenge: createHash("sha256").update(verifier).digest("base64url"),
      code_challenge_method: "S256",
      ...parameters
    };
    const query = new URLSearchParams(Object.entries(asked).filter((entry): entry is [string, string] => entry[1] !== undefined));
    return { url: `${this.#server}/authorize?${query}`, verifier, state };
  }

  /** Goes through the whole sign-in in a browser; returns the redirect back to the client. */
  async authorize(how: SignInOptions): Promise<{ readonly code: string; readonly verifier: string; readonly back: URL }> {
    const { browser = new Browser(), login, parameters, grant } = how;
    const { url, verifier } = this.begin(parameters);
    const page = await browser.open(url);
    if (page.status !== 200) throw new Error(`the consent page answered ${page.status}: ${page.body}`);
    const atGitHub = await browser.submit(`${this.#server}/authorize`, decide(page, "approve", grant), { stopAt: this.redirectUri });
    const back = new URL((await signInAtGitHub(browser, atGitHub, login, this.redirectUri)).url);
    return { code: back.searchParams.get("code") ?? "", verifier, back };
  }

  /** Redeems a code. */
  redeem(code: string, verifier: string, parameters: Record<string, string> = {}): Promise<Response> {
    return this.token({ grant_type: "authorization_code", code, code_verifier: verifier, redirect_uri: this.redirectUri, ...parameters });
  }

  /** Asks the token endpoint for something. */
  token(parameters: Record<string, string>): Promise<Response> {
    return post(`${this.#server}/oauth/token`, new URLSearchParams({ client_id: this.id, ...parameters }).toString());
  }

  /** Signs a person in and returns the tokens. */
  async signIn(how: SignInOptions): Promise<Tokens> {
    const { code, verifier, back } = await this.authorize(how);
    const response = await this.redeem(code, verifier);
    if (response.status !== 200) throw new Error(`${back.href} led to ${response.status}: ${await response.text()}`);
    return (await response.json()) as Tokens;
  }
}

/** How a person signs in. */
export interface SignInOptions {
  /** Their login at GitHub. */
  readonly login: string;
  readonly browser?: Browser;
  /** Other parameters of the authorization request. */
  readonly parameters?: Record<string, string | undefined>;
  /** Scopes to add to those that are checked. */
  readonly grant?: readonly string[];
}

/** What the token endpoint answers with. */
export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in: number;
  readonly scope: string;
  readonly resource: string;
}

/** The header of an address that nobody else has: one address may register a few clients only. */
export const fromAnyAddress = () => ({ "cf-connecting-ip": [10, ...randomBytes(3)].join(".") });

/** The headers of who holds a token. */
export const bearer = ({ access_token }: Pick<Tokens, "access_token">) => ({ authorization: `Bearer ${access_token}` });

/** What a click on a button of the consent page sends. */
export const decide = (page: Visited, decision: "approve" | "deny", grant: readonly string[] = []): [string, string][] => [
  ...fieldsOf(page.body),
  ...grant.map((scope): [string, string] => ["scope", scope]),
  ["decision", decision]
];

/** Clicks on a person's button on the emulator's page of people. */
export function signInAtGitHub(browser: Browser, page: Visited, login: string, stopAt: string): Promise<Visited> {
  if (page.headers.has("location")) return Promise.resolve(page); // GitHub, or the server, has sent the browser back already
  const form = page.body.split("<form").find((part) => part.includes(`name="login" value="${login}"`));
  if (form === undefined) throw new Error(`${page.url} does not offer ${login}: ${page.status} ${page.body.slice(0, 500)}`);
  const action = new URL("/login/oauth/callback", page.url).href;
  return browser.submit(action, fieldsOf(unescapeHtml(form)), { stopAt });
}

const unescapeHtml = (html: string): string => html.replaceAll("&amp;", "&");

const METADATA = {
  client_name: "a client of the tests",
  token_endpoint_auth_method: "none",
  grant_types: ["authorization_code", "refresh_token"]
};

const post = (url: string, body: string, headers: Record<string, string> = { "content-type": "application/x-www-form-urlencoded" }) =>
  fetch(url, { method: "POST", headers, body });
