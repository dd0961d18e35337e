import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { apiKeyName, createApiKey } from "../../src/auth/api-key.ts";
import { SCOPES } from "../../src/mcp/principal.ts";
import { LOCAL_BINDINGS, startBuiltWorker } from "../support/built-worker.ts";
import { RawSession } from "../support/session.ts";
import { RawStateless } from "../support/stateless.ts";
import { type Expect, runCheck } from "./run-check.ts";

// The rate limit in real time: two sessions and the stateless era of one principal call as fast as they are let, and their history tells
// when each call started. The control is the same Worker with a home that gives permits to whoever asks.

const LIMIT = 12;
const WINDOW_MS = 3000;
const RUN_MS = 4 * WINDOW_MS;

/** A call's start is noted a moment before its permit is used: while a lease is asked for, at most this long before. */
const SLACK_MS = 250;

async function holdsTheLimit(expect: Expect): Promise<void> {
  const real = await play("writes-worker.ts", ["session", "session", "stateless"]);
  expect("calls were refused, and calls were let through", real.refused > 0 && real.startsMs.length > LIMIT, summaryOf(real));
  const most = mostInAnyWindow(real.startsMs);
  expect(`no window of ${WINDOW_MS} ms holds more than ${LIMIT} calls of two sessions and the stateless era`, most <= LIMIT, most);

  const control = await play("generous-worker.ts", ["session", "session", "stateless"]);
  const mostOfControl = mostInAnyWindow(control.startsMs);
  expect("control: where home counts nothing, one does", mostOfControl > LIMIT, mostOfControl);

  const alone = await play("writes-worker.ts", ["session"]);
  const inFirst = alone.startsMs.filter((startMs) => startMs < (alone.startsMs[0] ?? 0) + WINDOW_MS / 2).length;
  expect("a session alone has the whole limit at once", inFirst === LIMIT, inFirst);
  expect("and not more in any window", mostInAnyWindow(alone.startsMs) <= LIMIT, mostInAnyWindow(alone.startsMs));
  const windows = Math.floor(RUN_MS / WINDOW_MS);
  expect("and has it again in each window", alone.startsMs.length >= windows * LIMIT, summaryOf(alone));
}

interface Played {
  /** When each call that was let through started, by the server's clock, in order. */
  readonly startsMs: readonly number[];
  readonly refused: number;
}

async function play(main: string, kinds: readonly ("session" | "stateless")[]): Promise<Played> {
  const stateDir = await mkdtemp(join(tmpdir(), "dormouse-limits-"));
  const { kid, key, hash } = createApiKey();
  const worker = await startBuiltWorker({
    configPath: "test/fixtures/wrangler.toml",
    main: `test/fixtures/${main}`,
    stateDir,
    bindings: { ...LOCAL_BINDINGS, RATE_LIMIT: `${LIMIT}/${WINDOW_MS / 1000}` },
    kv: { KEYS: { [apiKeyName(kid)]: JSON.stringify({ hash, scopes: SCOPES, created: 0 }) } }
  });
  try {
    const url = `${worker.url}/mcp`;
    const headers = { authorization: `Bearer ${key}` };
    const untilMs = Date.now() + RUN_MS;
    const counts = await Promise.all(kinds.map(async (kind, i) => call(await openCaller(kind, url, headers), `${kind} ${i}`, untilMs)));
    await sleep(2 * WINDOW_MS); // the history is asked for within the limit, too, and sessions ship
    return { startsMs: await readStarts(new RawStateless(url, headers)), refused: counts.reduce((sum, count) => sum + count, 0) };
  } finally {
    await worker.stop();
    await rm(stateDir, { recursive: true, force: true });
  }
}

type Caller = (text: string) => Promise<Response>;

async function openCaller(kind: "session" | "stateless", url: string, headers: Record<string, string>): Promise<Caller> {
  const toCall = (text: string) => ({ name: "echo", arguments: { text } });
  if (kind === "stateless") {
    const client = new RawStateless(url, headers);
    return (text) => client.post("tools/call", toCall(text));
  }
  const session = await RawSession.begin(url, { headers });
  return (text) => session.post({ jsonrpc: "2.0", id: 1, method: "tools/call", params: toCall(text) });
}

/** Calls as fast as it is answered. Returns how often it was refused. */
async function call(caller: Caller, name: string, untilMs: number): Promise<number> {
  let refused = 0;
  for (let i = 0; Date.now() < untilMs; i++) {
    const response = await caller(`${name}, ${i}`);
    await response.text();
    if (response.status === 429) refused++;
    else if (!response.ok) throw new Error(`A call was answered with ${response.status}.`);
    await sleep(5);
  }
  return refused;
}

async function readStarts(client: RawStateless): Promise<number[]> {
  const startsMs: number[] = [];
  let cursor: string | undefined;
  do {
    const { structuredContent } = await client.call("list_calls", { tool: "echo", limit: 100, ...(cursor !== undefined && { cursor }) });
    const page = structuredContent as { calls: { startedAt: string }[]; nextCursor?: string }; // its output schema
    startsMs.push(...page.calls.map(({ startedAt }) => Date.parse(startedAt)));
    cursor = page.nextCursor;
    if (cursor !== undefined) await sleep(WINDOW_MS / LIMIT);
  } while (cursor !== undefined);
  return startsMs.sort((one, other) => one - other);
}

function mostInAnyWindow(startsMs: readonly number[]): number {
  const inWindowFrom = (fromMs: number) =>
    startsMs.filter((startMs) => startMs >= fromMs && startMs < fromMs + WINDOW_MS - SLACK_MS).length;
  return Math.max(0, ...startsMs.map(inWindowFrom));
}

const summaryOf = ({ startsMs, refused }: Played) => ({ letThrough: startsMs.length, refused });

await runCheck(holdsTheLimit);
