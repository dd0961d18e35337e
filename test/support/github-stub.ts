import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { type LocalServer, sendJson, startLocalServer } from "../../scripts/upstreams/local-server.ts";

/** How the stub answers. */
export type Behaviour =
  /** As GitHub does when all is well. */
  | "ok"
  /** As when all is well, {@link SLOW_MS} later. */
  | "slow"
  /** The same, two seconds later. */
  | "late"
  /** 502 with a page of HTML, as a proxy's. */
  | "bad_gateway"
  /** Never; the connection stays open. */
  | "hang"
  /** 401, as to a token that was taken back. */
  | "unauthorized"
  | "conflict"
  /** Reads the request, then resets the connection. */
  | "reset"
  /** 200 or 201 with a body that is not JSON. */
  | "garbage"
  /** 307 to another path of the stub, which answers well. */
  | "redirect"
  /** 403 with `x-ratelimit-remaining: 0` and a reset in 30 s. */
  | "rate_limit"
  /** 429 with `retry-after: 7`. */
  | "retry_after";

/** How long a slow GitHub takes. */
export const SLOW_MS = 40;

const LATE_MS = 2000;

/** A request that the stub has read in full. */
export interface SeenRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** As it was sent; empty where there was none. */
  readonly body: string;
}

/** A few endpoints of GitHub that can be told to misbehave, and that count. It keeps no state but what it saw. */
export interface GitHubStub extends LocalServer {
  readonly seen: readonly SeenRequest[];
  /** What was seen that is neither a GET nor a HEAD. */
  readonly writes: readonly SeenRequest[];
  /** Applies to every request from now on. */
  behave(behaviour: Behaviour): void;
  /** How often a request was seen; a path counts with any query, an absent body means any. */
  count(method: string, path: string, body?: string): number;
  /** Forgets what was seen and behaves well again. */
  reset(): void;
}

/** Starts the stub on 127.0.0.1. Source of what it answers: https://docs.github.com/en/rest */
export async function startGitHubStub(options: { port?: number } = {}): Promise<GitHubStub> {
  const seen: SeenRequest[] = [];
  let behaviour: Behaviour = "ok";
  const server = await startLocalServer(async (request, response) => {
    const { method = "GET", url: path = "/" } = request;
    const body = await text(request);
    seen.push({ method, path, body });
    const posts = seen.filter((one) => one.method === "POST").length;
    BEHAVIOURS[path.startsWith(MOVED) ? "ok" : behaviour]({ method, path: path.replace(MOVED, ""), body, posts, request, response });
  }, options.port);
  return {
    ...server,
    seen,
    get writes() {
      return seen.filter(({ method }) => method !== "GET" && method !== "HEAD");
    },
    behave(next) {
      behaviour = next;
    },
    count: (method, path, body) =>
      seen.filter((one) => one.method === method && one.path.split("?")[0] === path && (body === undefined || one.body === body)).length,
    reset() {
      seen.length = 0;
      behaviour = "ok";
    }
  };
}

const MOVED = "/moved";
const LIMIT_RESET_SECONDS = 30;

interface Exchange extends SeenRequest {
  /** How many requests were POSTs, up to this one. */
  readonly posts: number;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

const BEHAVIOURS: Readonly<Record<Behaviour, (exchange: Exchange) => void>> = {
  ok: answerWell,
  late: (exchange) => void setTimeout(() => answerWell(exchange), LATE_MS),
  slow: (exchange) => void setTimeout(() => answerWell(exchange), SLOW_MS),
  bad_gateway: ({ response }) => void response.writeHead(502, { "content-type": "text/html" }).end("<h1>502 Bad Gateway</h1>"),
  hang() {},
  unauthorized: ({ response }) => sendJson(response, 401, { message: "Bad credentials" }),
  conflict: ({ response }) => sendJson(response, 409, { message: "Conflict" }),
  reset: ({ request }) => void request.socket.resetAndDestroy(),
  garbage: ({ method, response }) =>
    void response.writeHead(method === "POST" ? 201 : 200, { "content-type": "text/plain" }).end("\u0000 not JSON"),
  redirect: ({ path, response }) =>
    void response.writeHead(307, { location: `${MOVED}${path}`, "content-type": "application/json" }).end("{}"),
  rate_limit({ response }) {
    response.setHeader("x-ratelimit-remaining", "0");
    response.setHeader("x-ratelimit-reset", String(Math.floor(Date.now() / 1000) + LIMIT_RESET_SECONDS));
    sendJson(response, 403, { message: "API rate limit exceeded" });
  },
  retry_after({ response }) {
    response.setHeader("retry-after", "7");
    sendJson(response, 429, { message: "You have exceeded a secondary rate limit" });
  }
};

type Endpoint = (exchange: Exchange, parts: readonly string[]) => void;

const ENDPOINTS: readonly (readonly [method: string, path: RegExp, endpoint: Endpoint])[] = [
  ["GET", /^\/repos\/([^/]+)\/([^/]+)$/, ({ response }, [owner, name]) => sendJson(response, 200, repositoryOf(owner, name))],
  ["GET", /^\/search\/repositories$/, ({ response }) => sendJson(response, 200, searchAnswer())],
  ["POST", /^\/repos\/([^/]+)\/([^/]+)\/issues$/, (exchange, parts) => sendJson(exchange.response, 201, issueOf(exchange, parts))],
  ["DELETE", /^\/repos\/[^/]+\/[^/]+\/issues\/comments\/\d+$/, ({ response }) => void response.writeHead(204).end()]
];

function answerWell(exchange: Exchange): void {
  const pathname = exchange.path.split("?")[0] ?? "";
  const [, path = /^/, endpoint = answerNotFound] =
    ENDPOINTS.find(([method, path]) => method === exchange.method && path.test(pathname)) ?? [];
  endpoint(exchange, path.exec(pathname)?.slice(1) ?? []);
}

const answerNotFound: Endpoint = ({ response }) => sendJson(response, 404, { message: "Not Found" });

const STARTED = "2024-05-01T12:00:00Z";

const repositoryOf = (owner = "", name = "") => ({
  full_name: `${owner}/${name}`,
  description: "A repository of the stub",
  language: "TypeScript",
  topics: ["stub"],
  license: { spdx_id: "MIT", name: "MIT License" },
  stargazers_count: 7,
  forks_count: 1,
  open_issues_count: 0,
  default_branch: "main",
  archived: false,
  created_at: STARTED,
  updated_at: STARTED,
  html_url: `https://github.com/${owner}/${name}`
});

const searchAnswer = () => ({ total_count: 1, incomplete_results: false, items: [repositoryOf("octo", "stub")] });

/** Each POST makes an issue with a number of its own. Whoever needs state uses the emulator. */
const issueOf = ({ posts, body }: Exchange, [owner, repo]: readonly string[]) => ({
  id: posts,
  number: posts,
  state: "open",
  ...(JSON.parse(body) as object),
  html_url: `https://github.com/${owner}/${repo}/issues/${posts}`
});
