import type { Browser } from "./browser.ts";
import {
  askForTokens,
  authorizeClaude,
  type Discovered,
  discoverFrom,
  readChallenge,
  registerClaude,
  withRefresh
} from "./claude-sign-in.ts";
import { MCP_HEADERS, type Received, readMessages } from "./session.ts";
import { bearer, type Tokens } from "./sign-in.ts";
import { envelope, toHeaders } from "./stateless.ts";

/** A person in front of Claude. */
export interface Person {
  readonly login: string;
  readonly browser: Browser;
}

/** What came of a request. */
export interface Outcome {
  readonly status: number;
  /** The parameters of `WWW-Authenticate`. */
  readonly challenge: Readonly<Record<string, string | undefined>>;
  /** Every message of the answer, the final one last. */
  readonly messages: readonly Received[];
}

/** How early Claude renews a token. */
const RENEWS_BEFORE_MS = 5 * 60_000;

/**
 * Does to a server what Claude's connectors do: it knows an address, has no capabilities, renews what is about to end, and after a 401
 * renews and asks once more.
 */
export class ClaudeClient {
  readonly url: string;
  readonly found: Discovered;
  readonly id: string;
  /** Every status that a request came back with. */
  readonly statuses: number[] = [];
  /** The challenge of every 401. */
  readonly refusals: Outcome["challenge"][] = [];
  /** Every message that the server sent. */
  readonly heard: Received[] = [];
  /** How far this client's clock is ahead of the server's. */
  aheadMs = 0;
  sessionId: string | undefined;
  #tokens: Tokens | undefined;
  #endsMs = 0;
  #lastId = 0;

  private constructor(url: string, found: Discovered, id: string) {
    this.url = url;
    this.found = found;
    this.id = id;
  }

  /** Asks without credentials, follows where the refusal leads, and registers. */
  static async find(url: string): Promise<ClaudeClient> {
    const headers = toHeaders("server/discover");
    const body = JSON.stringify({ jsonrpc: "2.0", id: 0, method: "server/discover", params: { _meta: envelope() } });
    const found = await discoverFrom(await fetch(url, { method: "POST", headers, body }), url);
    return new ClaudeClient(url, found, await registerClaude(found));
  }

  /** The same registration in front of somebody else, or on another device: nobody has signed in to it. */
  forAnother(): ClaudeClient {
    return new ClaudeClient(this.url, this.found, this.id);
  }

  /** The tokens that it holds. */
  get tokens(): Tokens {
    if (!this.#tokens) throw new Error("Nobody has signed in.");
    return this.#tokens;
  }

  /** Sends a person through the sign-in: with the scopes that a refusal named, or else those that the first one did. */
  async signIn({ login, browser }: Person, callback: string, { challenge, ticked }: SignIn = {}): Promise<Tokens> {
    const { scopes: first, server } = this.found;
    const scopes = challenge ? withRefresh((challenge.scope ?? "").split(" "), server) : first;
    const tokens = await authorizeClaude(this.found, this.id, { browser, login, callback, scopes, ...(ticked && { ticked }) });
    return this.#take(tokens);
  }

  /** Renews its tokens, with the refresh token that it holds or with an earlier one. */
  async renew(refreshToken = this.tokens.refresh_token): Promise<Tokens> {
    const { server, resource } = this.found;
    const asked = { grant_type: "refresh_token", refresh_token: refreshToken, client_id: this.id, resource };
    return this.#take(await askForTokens(server, asked));
  }

  /** Sends a request of the stateless era. */
  ask(method: string, params: Record<string, unknown> = {}, meta: Record<string, unknown> = {}): Promise<Outcome> {
    const body = { jsonrpc: "2.0", id: ++this.#lastId, method, params: { ...params, _meta: envelope({ meta }) } };
    return this.#send(body, toHeaders(method, params));
  }

  /** Begins a session as Claude does without the stateless era: no capability is declared. */
  async begin(): Promise<Outcome> {
    this.sessionId = undefined;
    const clientInfo = { name: "claude-ai", version: "0.1.0" };
    const outcome = await this.askInSession("initialize", { protocolVersion: "2025-11-25", capabilities: {}, clientInfo });
    await this.#send({ jsonrpc: "2.0", method: "notifications/initialized" }, this.#sessionHeaders());
    return outcome;
  }

  /** Sends a request of the session. */
  askInSession(method: string, params: Record<string, unknown> = {}): Promise<Outcome> {
    return this.#send({ jsonrpc: "2.0", id: ++this.#lastId, method, params }, this.#sessionHeaders());
  }

  /** Ends the session; its id is kept, as a client that did not hear of it would. */
  async end(): Promise<number> {
    const headers = { ...this.#sessionHeaders(), ...bearer(this.tokens) };
    return (await fetch(this.url, { method: "DELETE", headers })).status;
  }

  #sessionHeaders(): Record<string, string> {
    const ofSession = this.sessionId !== undefined && { "mcp-session-id": this.sessionId, "mcp-protocol-version": "2025-11-25" };
    return { ...MCP_HEADERS, ...ofSession };
  }

  async #send(body: object, headers: Record<string, string>): Promise<Outcome> {
    if (this.#endsMs - Date.now() - this.aheadMs < RENEWS_BEFORE_MS) await this.renew();
    const first = await this.#post(body, headers);
    if (first.status !== 401) return first;
    this.refusals.push(first.challenge);
    await this.renew();
    return this.#post(body, headers);
  }

  async #post(body: object, headers: Record<string, string>): Promise<Outcome> {
    const response = await fetch(this.url, { method: "POST", headers: { ...headers, ...bearer(this.tokens) }, body: JSON.stringify(body) });
    this.sessionId = response.headers.get("mcp-session-id") ?? this.sessionId;
    const messages = await readMessages(response);
    this.statuses.push(response.status);
    this.heard.push(...messages);
    return { status: response.status, challenge: readChallenge(response), messages };
  }

  #take(tokens: Tokens): Tokens {
    this.#tokens = tokens;
    this.#endsMs = Date.now() + this.aheadMs + tokens.expires_in * 1000;
    return tokens;
  }
}

/** How a sign-in differs from the first one. */
export interface SignIn {
  /** Of the refusal that led to it. */
  readonly challenge?: Outcome["challenge"];
  /** Boxes that the person ticks. */
  readonly ticked?: readonly string[];
}
