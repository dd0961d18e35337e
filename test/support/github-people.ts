import { createHash, randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { type LocalServer, startLocalServer } from "../../scripts/upstreams/local-server.ts";

/** How a step of the stub goes. */
export type Going =
  /** As at GitHub when all is well. */
  | "ok"
  /** The person says no, or an app's owner has suspended it. */
  | "access_denied"
  /** 502 with a page of HTML, as a proxy's. */
  | "bad_gateway"
  /** 200 with JSON that says nothing. */
  | "garbage";

/** The parts of the stub that can go wrong by themselves. */
export type Step = "authorize" | "access_token" | "user";

/** A request that the stub got. */
export interface SeenAtGitHub {
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  /** The query of a GET, the form of a POST. */
  readonly fields: URLSearchParams;
  readonly authorization: string | undefined;
}

/** A stub of GitHub's sign-in, and of the few endpoints that a tool reads: whoever is chosen signs in at once, on no page. */
export interface GitHubPeople extends LocalServer {
  readonly seen: readonly SeenAtGitHub[];
  /** The settings of a server whose people sign in here. */
  readonly settings: Readonly<Record<string, string>>;
  /** Who sits at the browser, by login. */
  choose(login: string): void;
  /** How a step goes from now on. */
  behave(step: Step, going: Going): void;
  /** Makes it a GitHub App, whose tokens end after so many seconds; `undefined` is an OAuth app, whose tokens do not. */
  expireAfter(seconds: number | undefined): void;
  /** Takes back all that a person has granted. */
  revoke(login: string): void;
  /** How often tokens were refreshed, with success or without. */
  countRefreshes(): number;
  /** The tokens that the REST API was called with on a path, in their order. */
  tokensAt(path: string): readonly (string | undefined)[];
  /** Whose token it is, while it is good. */
  ownerOf(token: string | undefined): string | undefined;
  /** Forgets what was seen, and behaves well. */
  reset(): void;
}

interface Code {
  readonly login: string;
  readonly challenge: string;
  readonly redirectUri: string;
}

const CLIENT_ID = "Iv23exampleexample";
const CLIENT_SECRET = "the-secret-of-the-stub-s-app";

/**
 * Starts the stub on 127.0.0.1.
 * Sources: https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps,
 * https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens and
 * https://docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors
 */
export async function startGitHubPeople(): Promise<GitHubPeople> {
  const seen: SeenAtGitHub[] = [];
  const goings = new Map<Step, Going>();
  const issued = new Issued();
  let chosen = "alice";
  const server = await startLocalServer(async (request, response) => {
    const asked = await read(request);
    seen.push(asked);
    const { status, headers, body } = answer(asked);
    response.writeHead(status, headers).end(body);
  });
  const answer = (asked: SeenAtGitHub): Answer => {
    switch (asked.path) {
      case "/login/oauth/authorize":
        return authorize(asked, { login: chosen, isDenied: goings.get("authorize") === "access_denied", issued });
      case "/login/oauth/access_token":
        return troubleOf(goings.get("access_token")) ?? json(200, issued.answer(asked.fields));
      case "/user":
        return troubleOf(goings.get("user")) ?? answerRest(asked, issued);
      default:
        return answerRest(asked, issued);
    }
  };
  return {
    ...server,
    seen,
    settings: { GITHUB_WEB_URL: server.url, GITHUB_API_URL: server.url, GITHUB_CLIENT_ID: CLIENT_ID, GITHUB_CLIENT_SECRET: CLIENT_SECRET },
    choose(login) {
      chosen = login;
    },
    behave: (step, going) => void goings.set(step, going),
    expireAfter(seconds) {
      issued.expiresInSeconds = seconds;
    },
    revoke: (login) => issued.revoke(login),
    countRefreshes: () => seen.filter(({ fields }) => fields.get("grant_type") === "refresh_token").length,
    tokensAt: (path) => seen.filter((asked) => asked.path === path).map(({ authorization }) => tokenOf(authorization)),
    ownerOf: (token) => issued.ownerOf(token),
    reset() {
      seen.length = 0;
      goings.clear();
      issued.expiresInSeconds = undefined;
    }
  };
}

async function read(request: IncomingMessage): Promise<SeenAtGitHub> {
  const url = new URL(request.url ?? "/", "http://github.invalid");
  const { method = "GET", headers } = request;
  const fields = method === "POST" ? new URLSearchParams(await text(request)) : url.searchParams;
  return { method, path: url.pathname, fields, authorization: headers.authorization };
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

const json = (status: number, body: object): Answer => ({
  status,
  headers: { "content-type": "application/json; charset=utf-8" },
  body: JSON.stringify(body)
});

/** What the page of GitHub leads to, at once. */
function authorize(
  { fields }: SeenAtGitHub,
  { login, isDenied, issued }: { readonly login: string; readonly isDenied: boolean; readonly issued: Issued }
): Answer {
  if (fields.get("client_id") !== CLIENT_ID || fields.get("code_challenge_method") !== "S256") return json(404, {});
  const redirectUri = fields.get("redirect_uri") ?? "";
  const back = new URL(redirectUri);
  back.searchParams.set("state", fields.get("state") ?? "");
  if (isDenied) back.searchParams.set("error", "access_denied");
  else back.searchParams.set("code", issued.createCode({ login, challenge: fields.get("code_challenge") ?? "", redirectUri }));
  return { status: 302, headers: { location: back.href }, body: "" };
}

/** How a GitHub that is in trouble answers; `undefined` where it is not. */
function troubleOf(going: Going = "ok"): Answer | undefined {
  if (going === "bad_gateway") return { status: 502, headers: { "content-type": "text/html" }, body: "<h1>502</h1>" };
  return going === "garbage" ? json(200, { message: "ok" }) : undefined;
}

function answerRest({ path, authorization }: SeenAtGitHub, issued: Issued): Answer {
  const login = issued.ownerOf(tokenOf(authorization));
  if (login === undefined) return json(401, { message: "Bad credentials" });
  if (path === "/user") return json(200, { id: idOf(login), login });
  const [, name] = /^\/repos\/([^/]+\/[^/]+)$/.exec(path) ?? [];
  if (name !== undefined) return json(200, repositoryOf(name));
  if (path === "/search/repositories") return json(200, { total_count: 0, incomplete_results: false, items: [] });
  return json(404, { message: "Not Found" });
}

const tokenOf = (authorization: string | undefined): string | undefined => /^(?:token|bearer) (.+)$/i.exec(authorization ?? "")?.[1];

/** The number of a person, which stays when the login changes. */
export const idOf = (login: string): number => Number.parseInt(createHash("sha256").update(login).digest("hex").slice(0, 6), 16) + 1;

const repositoryOf = (name: string) => ({
  full_name: name,
  description: null,
  stargazers_count: 1,
  forks_count: 0,
  open_issues_count: 0,
  default_branch: "main",
  archived: false,
  created_at: "2024-05-01T12:00:00Z",
  updated_at: "2024-05-01T12:00:00Z",
  html_url: `https://github.com/${name}`
});

/** What the stub has given out. */
class Issued {
  expiresInSeconds: number | undefined;
  readonly #codes = new Map<string, Code>();
  readonly #tokens = new Map<string, string>();
  readonly #refreshTokens = new Map<string, { readonly login: string; readonly token: string }>();

  createCode(code: Code): string {
    const name = randomBytes(10).toString("hex");
    this.#codes.set(name, code);
    return name;
  }

  ownerOf(token: string | undefined): string | undefined {
    return token === undefined ? undefined : this.#tokens.get(token);
  }

  revoke(login: string): void {
    for (const [token, owner] of this.#tokens) if (owner === login) this.#tokens.delete(token);
    for (const [token, { login: owner }] of this.#refreshTokens) if (owner === login) this.#refreshTokens.delete(token);
  }

  /** Errors come with status 200, as GitHub's do. */
  answer(form: URLSearchParams): object {
    if (form.get("client_id") !== CLIENT_ID || form.get("client_secret") !== CLIENT_SECRET)
      return { error: "incorrect_client_credentials" };
    return form.get("grant_type") === "refresh_token" ? this.#refresh(form) : this.#redeem(form);
  }

  #redeem(form: URLSearchParams): object {
    const name = form.get("code") ?? "";
    const code = this.#codes.get(name);
    this.#codes.delete(name);
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    if (code?.challenge !== challenge) return { error: "bad_verification_code" };
    return form.get("redirect_uri") === code.redirectUri ? this.#issue(code.login) : { error: "redirect_uri_mismatch" };
  }

  /** A refresh token works once, and ends the access token that it came with. */
  #refresh(form: URLSearchParams): object {
    const name = form.get("refresh_token") ?? "";
    const known = this.#refreshTokens.get(name);
    if (!known) return { error: "bad_refresh_token" };
    this.#refreshTokens.delete(name);
    this.#tokens.delete(known.token);
    return this.#issue(known.login);
  }

  #issue(login: string): object {
    const token = `${this.expiresInSeconds === undefined ? "gho" : "ghu"}_${randomBytes(18).toString("hex")}`;
    this.#tokens.set(token, login);
    const answer = { access_token: token, token_type: "bearer", scope: "read:user" };
    if (this.expiresInSeconds === undefined) return answer;
    const refreshToken = `ghr_${randomBytes(38).toString("hex")}`;
    this.#refreshTokens.set(refreshToken, { login, token });
    return { ...answer, expires_in: this.expiresInSeconds, refresh_token: refreshToken, refresh_token_expires_in: 15897600 };
  }
}
