import { createHash, randomBytes } from "node:crypto";
import { z } from "zod";
import { DEFAULTS, type SignInConfig } from "../config.ts";
import { TimedOut, withTimeout } from "../lib/timeout.ts";
import type { Scope } from "../mcp/principal.ts";
import type { GrantProps } from "./github-grant.ts";

/** GitHub did not do its part of a sign-in. */
export class SignInFailed extends Error {
  override readonly name = "SignInFailed";
  /** It never will with what it was asked with; otherwise another try may succeed. */
  readonly isFinal: boolean;

  constructor(message: string, isFinal: boolean, options?: ErrorOptions) {
    super(message, options);
    this.isFinal = isFinal;
  }
}

/** A person whom GitHub has named, and what they act with there. */
export interface SignedIn extends GrantProps {
  /** Stays the same when the login changes. */
  readonly userId: string;
}

/** Tokens of a person: those of a GitHub App expire and are refreshed, those of an OAuth app do neither. */
type Tokens = Omit<GrantProps, "login">;

/** The secret that ties the answer of GitHub to the browser that asked: https://www.rfc-editor.org/rfc/rfc7636 */
export const createVerifier = (): string => randomBytes(32).toString("base64url");

/**
 * Where a person is sent to sign in.
 * Source: https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps#1-request-a-users-github-identity
 */
export function signInUrl({ clientId, webUrl }: SignInConfig, asked: SignInRequest): string {
  const query = new URLSearchParams({
    client_id: clientId,
    redirect_uri: asked.redirectUri,
    scope: githubScopes(asked.scopes).join(" "),
    state: asked.state,
    code_challenge: createHash("sha256").update(asked.verifier).digest("base64url"),
    code_challenge_method: "S256"
  });
  return `${webUrl}/login/oauth/authorize?${query}`;
}

/** What a sign-in is asked with. */
export interface SignInRequest {
  readonly redirectUri: string;
  readonly state: string;
  readonly verifier: string;
  /** Those that the person has granted to the client. */
  readonly scopes: readonly string[];
}

/** GitHub has no scope between reading what is public and writing everywhere. A GitHub App has its own permissions and ignores this. */
const githubScopes = (scopes: readonly string[]): string[] =>
  scopes.includes("github:write" satisfies Scope) ? ["read:user", "repo"] : ["read:user"];

/** Finishes a sign-in: redeems GitHub's code and asks whose it is. @throws SignInFailed */
export async function finishSignIn(config: SignInConfig, code: string, redirectUri: string, verifier: string): Promise<SignedIn> {
  const tokens = await askForTokens(config, { code, redirect_uri: redirectUri, code_verifier: verifier });
  const { id, login } = await whoHas(tokens.githubToken, config);
  return { ...tokens, userId: String(id), login };
}

/** Gets new tokens for those of a GitHub App, which end with this. @throws SignInFailed, for good if the person took them back. */
export async function refreshTokens(config: SignInConfig, refreshToken: string): Promise<Tokens> {
  return askForTokens(config, { grant_type: "refresh_token", refresh_token: refreshToken });
}

/** Whether GitHub still takes a token. One that nobody can ask about is taken to be good. */
export async function isAccepted({ apiUrl }: SignInConfig, token: string): Promise<boolean> {
  const headers = { authorization: `Bearer ${token}`, "user-agent": "dormouse" };
  try {
    return await withTimeout(DEFAULTS.oauth.upstreamMs, undefined, async (signal) => {
      const response = await fetch(`${apiUrl}/user`, { headers, signal });
      await response.body?.cancel();
      return response.status !== 401;
    });
  } catch {
    return true;
  }
}

/** Sent once: a code and a refresh token work once. */
async function askForTokens(config: SignInConfig, parameters: Record<string, string>): Promise<Tokens> {
  const body = new URLSearchParams({ client_id: config.clientId, client_secret: config.clientSecret, ...parameters });
  const answer = await askGitHub(`${config.webUrl}/login/oauth/access_token`, { method: "POST", body, redirect: "manual" });
  const read = tokenAnswer.safeParse(answer);
  if (!read.success) throw new SignInFailed(`GitHub gave no token: ${errorOf(answer)}`, isFinal(answer));
  const { access_token: githubToken, refresh_token: githubRefreshToken, expires_in: seconds } = read.data;
  if (githubRefreshToken === undefined || seconds === undefined) return { githubToken };
  return { githubToken, githubRefreshToken, githubExpiresMs: Date.now() + seconds * 1000 };
}

async function whoHas(token: string, { apiUrl }: SignInConfig): Promise<z.output<typeof userAnswer>> {
  const answer = await askGitHub(`${apiUrl}/user`, { headers: { authorization: `Bearer ${token}` } });
  const read = userAnswer.safeParse(answer);
  if (!read.success) throw new SignInFailed("GitHub did not say whose token it is.", false, { cause: read.error });
  return read.data;
}

/** Asks GitHub for JSON. Nothing that it says reaches a page or a client. */
async function askGitHub(url: string, init: RequestInit): Promise<unknown> {
  const headers = { ...(init.headers as Record<string, string>), accept: "application/json", "user-agent": "dormouse" };
  try {
    return await withTimeout(DEFAULTS.oauth.upstreamMs, undefined, async (signal) => {
      const response = await fetch(url, { ...init, headers, signal });
      const isAnswer = response.ok && response.headers.get("content-type")?.includes("json");
      if (!isAnswer) throw new SignInFailed(`GitHub answered ${response.status}.`, false);
      return response.json();
    });
  } catch (cause) {
    if (cause instanceof SignInFailed) throw cause;
    throw new SignInFailed(cause instanceof TimedOut ? "GitHub did not answer in time." : "GitHub could not be reached.", false, { cause });
  }
}

// https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app
const tokenAnswer = z.object({
  access_token: z.string().min(1),
  refresh_token: z.string().min(1).optional(),
  expires_in: z.number().positive().optional()
});

const userAnswer = z.object({ id: z.int().positive(), login: z.string().min(1) });

const errorAnswer = z.object({ error: z.string().regex(/^\w{1,64}$/) });

const errorOf = (answer: unknown): string => errorAnswer.safeParse(answer).data?.error ?? "its answer could not be read";

/** https://docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors */
const isFinal = (answer: unknown): boolean => ["bad_refresh_token", "bad_verification_code"].includes(errorOf(answer));
