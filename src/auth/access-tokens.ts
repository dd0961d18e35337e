import { createHash } from "node:crypto";
import { DEFAULTS, readConfig } from "../config.ts";
import type { Caller } from "../mcp/principal.ts";
import { createAuthorizationServer } from "./authorization-server.ts";
import { type GrantMetadata, grantKey, readGrantKey, type TokenProps, tokenKey, toPrincipal } from "./github-grant.ts";

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
   * Ends the grant of a caller, and with it all its tokens: its client must sign in again. GitHub ends the token that a younger
   * one of the grant took the place of: then only the token that acts with it ends, and its client has another or refreshes.
   */
  async endGrant({ credentials }: Caller): Promise<void> {
    const { proof = "", lastingProof = "" } = credentials;
    const grant = readGrantKey(lastingProof);
    if (!grant) return;
    if (proof !== lastingProof && !(await this.#isYoungest(proof, grant))) await this.#env.OAUTH_KV.delete(proof);
    else await grantsOf(this.#env).revokeGrant(grant.grantId, grant.userId);
    this.#tokens.clear();
    this.#proofs.clear();
  }

  /** Whether no other token of a grant was given as late as this. One that is gone was left behind. */
  async #isYoungest(proof: string, { userId, grantId }: { userId: string; grantId: string }): Promise<boolean> {
    const read = async (name: string) => (await this.#env.OAUTH_KV.get<{ createdAt: number }>(name, "json"))?.createdAt;
    const createdAt = await read(proof);
    if (createdAt === undefined) return false;
    const { keys } = await this.#env.OAUTH_KV.list({ prefix: tokenKey(userId, grantId, "") });
    const others = await Promise.all(keys.filter(({ name }) => name !== proof).map(({ name }) => read(name)));
    return others.every((other) => other === undefined || other < createdAt);
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
