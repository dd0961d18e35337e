import { Octokit } from "@octokit/rest";
import { TimedOut, withTimeout } from "../lib/timeout.ts";
import { toVisibleJson } from "../lib/visible-text.ts";
import {
  Denied,
  InvalidInput,
  LOOK_FIRST,
  NotFound,
  OutcomeUnknown,
  SignInRequired,
  ToolError,
  UpstreamFailed,
  UpstreamLimited
} from "../mcp/errors.ts";
import { retryRead } from "./retry.ts";

/** The settings of {@link createGitHub}. */
export interface GitHubOptions {
  readonly apiUrl: string;
  readonly token: string | undefined;
  /** Whether the token is that of the person who calls, and not the server's own. */
  readonly isPersonal: boolean;
  /** How long one request may take, its repetitions included, milliseconds. */
  readonly timeoutMs: number;
  /** The call's own signal. */
  readonly signal: AbortSignal;
  /** Runs before each request that is not a read leaves. */
  onWrite(): void;
}

/** What is read of Octokit's request: its route, and the parameters that fill it. */
interface Route {
  readonly method: string;
  readonly url: string;
  readonly [parameter: string]: unknown;
}

/** What is read of an answer. */
interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number | undefined>>;
  readonly data: unknown;
}

/**
 * GitHub's REST API as the Octokit instance itself, for one call. A request that only reads is sent at most three times; any
 * other is sent once, redirects included. Answers hold visible text only. What fails is thrown as one of the classes of `mcp/errors.ts`.
 * Source: https://docs.github.com/en/rest/using-the-rest-api
 */
export function createGitHub({ apiUrl, token, isPersonal, timeoutMs, signal, onWrite }: GitHubOptions): Octokit {
  const octokit = new Octokit({
    baseUrl: apiUrl.replace(/\/$/, ""),
    userAgent: "dormouse",
    ...(token !== undefined && { auth: token }),
    log: { debug() {}, info() {}, warn: console.warn, error() {} } // failures are logged once, with the call's handle
  });
  octokit.hook.wrap("request", (request, options) =>
    withTimeout(timeoutMs, signal, async (bounded) => {
      const isRead = options.method === "GET" || options.method === "HEAD";
      // In place: hooks that were registered before this one keep the very object, and ignore another.
      Object.assign(options.request, { signal: bounded, redirect: isRead ? "follow" : "manual" });
      const send = async () => request(options);
      if (!isRead) onWrite();
      try {
        const response = await (isRead ? retryRead(bounded, isPassing, send) : send());
        requireReadable(response, isRead);
        return { ...response, data: toVisibleJson(response.data) };
      } catch (error) {
        if (error instanceof ToolError) throw error;
        if (isRead && signal.aborted) throw signal.reason;
        throw toToolError(error, options, { isRead, isPersonal, stoppedBy: bounded.reason, timeoutMs });
      }
    })
  );
  return octokit;
}

/** The answer that Octokit's error holds; `undefined` where there was none. */
function answerOf(error: unknown): Answer | undefined {
  if (typeof error !== "object" || error === null || !("response" in error)) return undefined;
  return error.response as Answer | undefined; // RequestError's own field: https://github.com/octokit/request-error.js#usage
}

/** No answer, or a server's own trouble: another try may succeed. */
function isPassing(error: unknown): boolean {
  const status = answerOf(error)?.status;
  return status === undefined || (status >= 500 && status !== 501);
}

function requireReadable(response: Answer, isRead: boolean): void {
  if (response.status >= 300 && !isRead)
    throw new UpstreamFailed("GitHub says that this has moved. Nothing was changed; use its new name.");
  if (response.status === 204 || typeof response.data !== "string") return;
  if (isRead) throw new UpstreamFailed("GitHub's answer could not be read. Try again in a minute.");
  throw new OutcomeUnknown(`GitHub accepted the request, but its answer could not be read. ${LOOK_FIRST}`);
}

interface Circumstances {
  readonly isRead: boolean;
  readonly isPersonal: boolean;
  /** Why the request was aborted; `undefined` if it was not. */
  readonly stoppedBy: unknown;
  readonly timeoutMs: number;
}

function toToolError(error: unknown, options: Route, circumstances: Circumstances): ToolError {
  const answer = answerOf(error);
  const cause = { cause: error };
  if (answer === undefined || answer.status >= 500) return toFailure(answer?.status, circumstances, cause);
  const { status } = answer;
  const waitSeconds = secondsToWait(answer);
  if (waitSeconds !== undefined) {
    return new UpstreamLimited(`GitHub's rate limit is used up. Try again in ${Math.max(1, waitSeconds)} s.`, cause);
  }
  switch (status) {
    case 401:
      if (circumstances.isPersonal) return new SignInRequired(!circumstances.isRead, cause);
      return new Denied("GitHub does not accept the token of this server. Whoever runs it must set GITHUB_TOKEN anew.", cause);
    case 403:
      return new Denied(`GitHub does not allow this token to ${options.method} ${subjectOf(options)}.`, cause);
    case 404:
    case 410:
    case 451:
      return new NotFound(`${subjectOf(options)} does not exist, or your token cannot see it.`, cause);
    case 409:
      return new UpstreamFailed(`GitHub says that ${subjectOf(options)} has changed meanwhile. Read it again, then decide.`, cause);
    case 422:
      return new InvalidInput(
        `GitHub does not accept these values for ${subjectOf(options)}. Check them against its documentation.`,
        cause
      );
    default:
      return new UpstreamFailed(`GitHub refused with status ${status}.`, cause);
  }
}

function toFailure(status: number | undefined, { isRead, stoppedBy, timeoutMs }: Circumstances, cause: ErrorOptions): ToolError {
  const whyNoAnswer = () => {
    if (stoppedBy === undefined) return "GitHub could not be reached";
    return stoppedBy instanceof TimedOut
      ? `GitHub did not answer within ${timeoutMs / 1000} s`
      : "The call was stopped before GitHub answered";
  };
  const what = status === undefined ? whyNoAnswer() : `GitHub answered ${status}`;
  if (!isRead) return new OutcomeUnknown(`${what}. The write was sent once and may have taken effect. ${LOOK_FIRST}`, cause);
  return new UpstreamFailed(`${what}. Try again in a minute.`, cause);
}

/** https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit */
function secondsToWait({ status, headers }: Answer): number | undefined {
  if (status !== 403 && status !== 429) return undefined;
  const retryAfter = Number(headers["retry-after"]);
  if (retryAfter > 0) return retryAfter;
  if (headers["x-ratelimit-remaining"] === "0") return Math.ceil(Number(headers["x-ratelimit-reset"]) - Date.now() / 1000) || 60;
  return status === 429 ? 60 : undefined;
}

/** Names what a request was about, in the words of its route. */
function subjectOf(route: Route): string {
  const filled = route.url.replace(/\{(\w+)\}/g, (placeholder, name: string) => String(route[name] ?? placeholder));
  const [, owner, repo, ...rest] = filled.split("/").slice(1);
  if (!filled.startsWith("/repos/") || !owner || !repo) return filled;
  return rest.length === 0 ? `Repository ${owner}/${repo}` : `${rest.join("/")} of ${owner}/${repo}`;
}
