import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { createStubGroup } from "../../scripts/upstreams/log-events.ts";
import { logsSettings } from "../../scripts/upstreams/logs.ts";
import { type LogsStub, startLogsStub } from "../../scripts/upstreams/logs-stub.ts";
import type { BuiltWorker } from "../support/built-worker.ts";
import { postBreakable } from "../support/reset.ts";
import { MCP_HEADERS, RawSession } from "../support/session.ts";
import { envelope, RawStateless, toHeaders } from "../support/stateless.ts";
import { startFixture } from "./fixture-worker.ts";
import { countIndependently } from "./log-truth.ts";
import { objectFilesIn } from "./object-files.ts";
import { type Expect, runCheck } from "./run-check.ts";

// An analysis of logs that takes over a minute, whose client goes away. Nobody asks for it meanwhile. The log service answers slowly and
// little, so that the home in which the result of a session grows is idle between two of its parts, and is evicted: the control of what
// holds the object that works.

const EVENTS = 8000;
/** How much one request to the log service looks at, and how long it takes. */
const SCANNED = 500;
const PAGE_MS = 4000;
/** When a request is answered that its call goes on, and a little more. */
const DETACHED_MS = 12_000;
/** workerd evicts an object about 10 s after it was last needed, and a session ships what ended 5 s later. */
const IDLE_MS = 20_000;
const START_MS = Date.UTC(2026, 7, 1);
const END_MS = START_MS + 20 * 3_600_000;

const group = createStubGroup({ name: "/slow/web", events: EVENTS, startMs: START_MS, endMs: END_MS });
const truth = countIndependently(group);

const CALL = { name: "analyze_logs", arguments: { logGroup: group.name, startTime: START_MS, endTime: END_MS } };

/** How a client calls, and how long after that it is gone. */
interface Vanishing {
  readonly how: string;
  readonly afterMs: number;
  /** The headers and the body of its request. */
  request(url: string): Promise<readonly [Record<string, string>, object]>;
}

const inSession: Vanishing["request"] = async (url) => [
  { ...MCP_HEADERS, "mcp-session-id": (await RawSession.begin(url)).id },
  { jsonrpc: "2.0", id: 1, method: "tools/call", params: CALL }
];
const stateless: Vanishing["request"] = async () => [
  toHeaders("tools/call", CALL),
  { jsonrpc: "2.0", id: 1, method: "tools/call", params: { ...CALL, _meta: envelope() } }
];

const ANSWERED: readonly Vanishing[] = [
  { how: "in a session, told that it goes on", afterMs: DETACHED_MS, request: inSession },
  { how: "in the stateless era, told that it goes on", afterMs: DETACHED_MS, request: stateless }
];
/** It has seen its stream begin, and no answer. */
const UNTOLD: Vanishing = { how: "in a session, told nothing", afterMs: 3000, request: inSession };

interface World {
  readonly url: string;
  readonly stateDir: string;
  worker: BuiltWorker;
  readonly logs: LogsStub;
}

async function inWorld(act: (world: World) => Promise<void>): Promise<void> {
  const stateDir = await mkdtemp(join(tmpdir(), "dormouse-detached-"));
  const logs = await startLogsStub({ groups: [group], scanned: SCANNED, onPage: () => sleep(PAGE_MS) });
  const worker = await start(stateDir, logs);
  const world = { url: `${worker.url}/mcp`, stateDir, worker, logs };
  try {
    await act(world);
  } finally {
    await Promise.all([world.worker.stop(), logs.close()]);
    await rm(stateDir, { recursive: true, force: true });
  }
}

const start = (stateDir: string, logs: LogsStub): Promise<BuiltWorker> =>
  startFixture("booting-worker.ts", stateDir, logsSettings(logs, "/slow/*"));

async function call({ how, afterMs, request }: Vanishing, { url }: World): Promise<void> {
  const [headers, body] = await request(url);
  const sent = postBreakable(url, headers, body);
  const { text } = await sent.begun;
  await sleep(afterMs);
  sent.reset();
  if (text.includes('"error"')) throw new Error(`${how}: ${text}`);
}

/** The client goes; nobody comes until all is over, and the objects sleep. */
const findsItComplete = (vanishing: Vanishing, expect: Expect): Promise<void> =>
  inWorld(async (world) => {
    const { how } = vanishing;
    await call(vanishing, world);
    const during = await bootsOf(world);
    await sleep((EVENTS / SCANNED) * PAGE_MS - vanishing.afterMs + IDLE_MS);
    const after = await bootsOf(world);
    expect(`${how}: the object that worked was not evicted`, after.worked === during.worked, [during, after]);
    if (vanishing.request === inSession)
      expect(`${how}: the home that kept its result was, in between`, after.homes > during.homes, [during, after]);
    await isFoundWhole(how, world, expect);
    const found = await bootsOf(world);
    expect(`${how}: and the home had slept when it was asked`, found.homes > after.homes, [after, found]);
  });

async function isFoundWhole(how: string, { url, worker }: World, expect: Expect): Promise<void> {
  const other = await RawSession.begin(url);
  const { outcome, output = {} } = await find(other);
  expect(`${how}: it is found, and it is done`, outcome === "ok" && output.status === "done", outcome);
  const isRight = output.matched === EVENTS && output.stored === EVENTS && output.isComplete === true;
  expect(`${how}: with all that it found`, isRight, [output.matched, output.stored]);
  const counts = [output.levels, output.times];
  expect(`${how}: counted as an independent count has it`, isSame(counts, [truth.levels, truth.times]), output.levels);
  const response = await fetch(`${worker.url}/results/${output.result}`);
  const messages = (await response.text())
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { message: string }).message);
  const expected = Array.from({ length: EVENTS }, (_, index) => group.eventAt(index).message);
  expect(`${how}: and all events stand in its result, in their order`, isSame(messages, expected), messages.length);
}

/** The process is killed in the middle, a part of the result is stored. */
const saysThatNobodyKnows = (vanishing: Vanishing, expect: Expect): Promise<void> =>
  inWorld(async (world) => {
    const { how } = vanishing;
    await call(vanishing, world);
    await sleep(MIDDLE_MS - vanishing.afterMs);
    await world.worker.kill("SIGKILL");
    world.worker = await start(world.stateDir, world.logs);
    const url = `${world.worker.url}/mcp`;
    const leadsTo = new Set<unknown>();
    for (const client of [new RawStateless(url), await RawSession.begin(url)]) {
      const { outcome, reason, result } = await find(client);
      leadsTo.add(result);
      expect(`${how}, and the process killed: unknown, and why`, outcome === "unknown" && String(reason).length > 40, [outcome, reason]);
    }
    const answer = await new RawStateless(url).call("list_results", {});
    const [result] = (answer.structuredContent?.results ?? []) as { result: string; state: string; bytes: number }[];
    expect(`${how}, and the process killed: what was stored of its result is listed`, Number(result?.bytes) > 0, result);
    expect(`${how}, and the process killed: and its call leads there`, [...leadsTo].join() === result?.result, [...leadsTo]);
    const page = (await new RawStateless(url).call("read_result", { result: result?.result, lines: 3 })).structuredContent;
    expect(`${how}, and the process killed: and can be read`, JSON.stringify(page).includes(START_DAY), page);
  });

/** After the first part, before the end. */
const MIDDLE_MS = 36_000;
const START_DAY = new Date(START_MS).toISOString().slice(0, 10);

interface Found {
  readonly outcome?: string;
  readonly reason?: string;
  readonly result?: string;
  readonly output?: Readonly<Record<string, unknown>>;
}

/** What somebody finds who knows nothing but what the tool was called. */
async function find(client: RawSession | RawStateless): Promise<Found> {
  const { structuredContent } = await client.call("list_calls", { tool: CALL.name, limit: 1 });
  const [row] = (structuredContent?.calls ?? []) as { call: string }[];
  return (await client.call("get_call", { call: row?.call })).structuredContent as Found;
}

interface Boots {
  /** Of the objects of sessions that worked, and of the home where it works itself. */
  readonly worked: number;
  readonly homes: number;
}

/** How often the objects that have made a call started, and the homes. */
async function bootsOf({ stateDir }: World): Promise<Boots> {
  const [sessions, homes] = [await objectFilesIn(stateDir), await objectFilesIn(stateDir, "Home")];
  const count = (files: string[]) => files.reduce((sum, path) => sum + countBoots(path), 0);
  return { worked: sessions.length > 0 ? count(sessions) : count(homes), homes: count(homes) };
}

function countBoots(path: string): number {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return Number(database.prepare("SELECT count(*) AS boots FROM boots").get()?.boots);
  } finally {
    database.close();
  }
}

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

await runCheck(async (expect) => {
  await Promise.all([
    ...[...ANSWERED, UNTOLD].map((vanishing) => findsItComplete(vanishing, expect)),
    ...ANSWERED.map((vanishing) => saysThatNobodyKnows(vanishing, expect))
  ]);
});
