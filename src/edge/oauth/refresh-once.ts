import { createHash } from "node:crypto";
import { DEFAULTS } from "../../config.ts";

interface Answer {
  readonly status: number;
  readonly headers: [string, string][];
  readonly text: string;
}

interface Refresh {
  /** Until when who asks for the same gets the same, milliseconds since the epoch. */
  untilMs: number;
  readonly answered: Promise<Answer>;
  /** The refresh token that it gave, quoted as in the answer. */
  gave?: string;
}

/** The refreshes of this isolate's last moments, by digest. */
const refreshes = new Map<string, Refresh>();

/**
 * Serves a refresh that is asked for twice at once, as by two windows of a client whose token ends, once: both get the same tokens.
 * Otherwise the later of the two would make the other's refresh token worthless, whose window would then send the person to sign in
 * again. Who comes `DEFAULTS.oauth.refreshKeptMs` after the answer, or when what was given has been used, is the library's to answer.
 */
export async function refreshOnce(
  request: Request,
  ctx: ExecutionContext,
  serve: (request: Request) => Promise<Response>
): Promise<Response> {
  if (request.method !== "POST") return serve(request);
  const text = await request.clone().text();
  const form = new URLSearchParams(text);
  if (form.get("grant_type") !== "refresh_token") return serve(request);
  forget(JSON.stringify(form.get("refresh_token")));
  // Whose page may read the answer stands in its headers, so the origin counts.
  const key = createHash("sha256")
    .update(`${request.url}\n${request.headers.get("authorization")}\n${request.headers.get("origin")}\n${text}`)
    .digest("base64url");
  const { answered } = refreshes.get(key) ?? begin(key, request, serve);
  ctx.waitUntil(answered.catch(() => {})); // others may wait for it when this client has gone
  const answer = await answered;
  return new Response(answer.text, { status: answer.status, headers: answer.headers });
}

/** Forgets what is old, and what gave the token that is used at present. */
function forget(used: string): void {
  const nowMs = Date.now();
  for (const [key, { untilMs, gave }] of refreshes) if (untilMs <= nowMs || gave === used) refreshes.delete(key);
}

/** What failed may succeed at once, so only tokens are kept. */
function begin(key: string, request: Request, serve: (request: Request) => Promise<Response>): Refresh {
  const refresh: Refresh = { untilMs: Date.now() + PENDING_MS, answered: answer(request, serve) };
  const drop = () => {
    if (refreshes.get(key) === refresh) refreshes.delete(key);
  };
  refresh.answered.then(({ status, text }) => {
    const [, gave] = /"refresh_token":("[^"]*")/.exec(text) ?? [];
    if (status !== 200 || gave === undefined) drop();
    else Object.assign(refresh, { gave, untilMs: Date.now() + DEFAULTS.oauth.refreshKeptMs });
  }, drop);
  refreshes.set(key, refresh);
  return refresh;
}

/** The runtime ends what a client has left after half a minute, and its answer never comes. */
const PENDING_MS = 3 * DEFAULTS.oauth.upstreamMs;

async function answer(request: Request, serve: (request: Request) => Promise<Response>): Promise<Answer> {
  const response = await serve(request);
  return { status: response.status, headers: [...response.headers], text: await response.text() };
}
