import { createHash } from "node:crypto";
import { DEFAULTS, readConfig } from "../config.ts";
import type { Caller } from "../mcp/principal.ts";
import { createAuthorizationServer } from "./authorization-server.ts";
import { type GrantMetadata, grantKey, type TokenProps, tokenKey, toPrincipal } from "./github-grant.ts";

interface Known {
  readonly caller: Caller;
  readonly audience: string;
  readonly login: string;
  readonly readMs: number;
}

const MAX_KNOWN = 1000;

let shared: AccessTokens | undefined;

/** Those of this isolate: the edge and the objects forget a grant together. */
export function accessTokensOf(env: Env): AccessTokens {
  shared ??= new AccessTokens(env);
  return shared;
}

/** `<user>:<grant>:<secret>`, as the library makes them; what is longer could not be the name of a row in KV. */
const ACCESS_TOKEN = /^\d{1,20}:[\w-]{1,64}:[\w-]{1,128}$/;

/** The access tokens that people's clients hold. What was read of one is believed for `DEFAULTS.credentialCacheMs`. */
export class AccessTokens {
  readonly #env: Env;
  readonly #tokens = new Map<string, Known>();
  readonly #proofs = new Map<string, { readonly isValid: boolean; readonly readMs: number }>();

  constructor(env: Env) {
    this.#env = env;
  }

  /** Whether a text has the form of such a token. */
  static matches(text: string): boolean {
    return ACCESS_TOKEN.test(text);
  }

  /** Whom a token stands for at an address; `undefined` for one that was made up, revoked, has expired, or is for something else. */
  async authenticate(token: string, url: URL): Promise<Caller | undefined> {
    const known = await this.#read(token);
    if (!known || !covers(known.audience, url)) return undefined;
    const { expiresMs = 0 } = known.caller.credentials;
    return Date.now() < expiresMs && isAllowed(known.login, this.#env) ? known.caller : undefined;
  }

  /** Whether what a proof names still stands: a token, or a grant. */
  async isStillValid(proof: string): Promise<boolean> {
    const cached = this.#proofs.get(proof);
    if (cached && isFresh(cached)) return cached.isValid;
    const record = await this.#env.OAUTH_KV.get<{ metadata?: GrantMetadata }>(proof, "json");
    const login = record?.metadata?.login;
    const isValid = record !== null && (login === undefined || isAllowed(login, this.#env));
    if (this.#proofs.size >= MAX_KNOWN) this.#proofs.clear();
    this.#proofs.set(proof, { isValid, readMs: Date.now() });
    return isValid;
  }

  /**
   * Ends the access token of a caller, because GitHub refuses what it acts with. Its client refreshes, and is given what holds; or
   * GitHub refuses that as well, and the grant ends. Not the grant at once: what a refresh left behind is refused, too.
   */
  async endAccess({ credentials: { proof, lastingProof } }: Caller): Promise<void> {
    if (proof !== undefined && proof !== lastingProof) await this.#env.OAUTH_KV.delete(proof);
    this.#tokens.clear();
    this.#proofs.clear();
  }

  async #read(token: string): Promise<Known | undefined> {
    const digest = createHash("sha256").update(token).digest("base64url");
    const cached = this.#tokens.get(digest);
    if (cached && isFresh(cached)) return cached;
    const summary = await grantsOf(this.#env).unwrapToken<TokenProps>(token);
    if (!summary || typeof summary.audience !== "string") return undefined;
    const { userId, grantId, id, scope, grant, audience, expiresAt } = summary;
    const { login, githubToken } = grant.props;
    const caller: Caller = {
      principal: toPrincipal(userId, grant.clientId, scope),
      credentials: {
        proof: tokenKey(userId, grantId, id),
        lastingProof: grantKey(userId, grantId),
        expiresMs: expiresAt * 1000,
        githubToken
      }
    };
    const known: Known = { caller, audience, login, readMs: Date.now() };
    if (this.#tokens.size >= MAX_KNOWN) this.#tokens.clear();
    this.#tokens.set(digest, known);
    return known;
  }
}

const isFresh = ({ readMs }: { readonly readMs: number }): boolean => Date.now() - readMs < DEFAULTS.credentialCacheMs;

function isAllowed(login: string, env: Env): boolean {
  const allowed = readConfig(env).signIn?.allowedLogins;
  return allowed === undefined || allowed.has(login.toLowerCase());
}

/** A token for `/mcp` is good for every path below it; one for a toolset for that toolset only. */
function covers(audience: string, { origin, pathname }: URL): boolean {
  const address = `${origin}${pathname}`;
  return address === audience || address.startsWith(`${audience}/`);
}

/** Tokens and grants are found by their own names: which origin they were issued at does not matter here. */
const grantsOf = (env: Env) =>
  createAuthorizationServer({ origin: "https://dormouse.invalid", paths: [""], onFresh: async () => {} }).getOAuthApi(env);
