import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startGitHubStub } from "../support/github-stub.ts";
import { RawSession, type ToolAnswer } from "../support/session.ts";
import { RawStateless } from "../support/stateless.ts";
import { createRandom } from "../unit/random.ts";
import { startFixture } from "./fixture-worker.ts";
import { isAlive } from "./processes.ts";
import { type Expect, runCheck } from "./run-check.ts";
import { type Asked, type Caller, endOf, SESSIONS, startShippingLoad, type Write } from "./shipping-load.ts";
import { readShippingState, type ShippingState } from "./shipping-state.ts";
import { openSession, type Row, readHistory } from "./wire.ts";

// `kill -9` of workerd while sessions ship their calls to their principal's home: no acknowledged call is missing there, no
// keyed write is sent twice, nothing stays open. The controls are the same Worker with a store that believes calls shipped
// before they are, and with a home that keeps its keys in memory.
//   node test/verify/shipping.ts [seed]

const ROUNDS = 8;
const CONTROL_ROUNDS = 3;
/** The first kill comes after so many answers, on machines of any speed, and so long after that. */
const MIN_ACKNOWLEDGED = 100;
const EARLIEST_KILL_MS = 300;
const LATEST_KILL_MS = 1500;
/** The second comes so soon after the restart, while what the first left is shipped. */
const LATEST_SECOND_KILL_MS = 600;
/** After this long all alarms have come: the fixture ships 200 ms after a call and tries again after 1 s. */
const QUIET_MS = 3000;

async function shipsEverything(expect: Expect): Promise<void> {
  const seed = Number(process.argv[2] ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`seed ${seed}, ${ROUNDS} rounds of ${SESSIONS} sessions and clients without one`);
  const random = createRandom(seed);
  const sum = { acknowledged: 0, writes: 0, untold: 0, unknown: 0 };
  for (let round = 1; round <= ROUNDS; round++) {
    const found = await killOnce("shipping-worker.ts", random);
    expectKilled(expect, `round ${round}`, found);
    const { missing, excess, open, sentTwice, changed } = found;
    expect(`round ${round}: no acknowledged call is missing`, missing.length === 0, missing.slice(0, 5));
    expect(`round ${round}: no call is there twice`, excess.length === 0, excess.slice(0, 5));
    expect(`round ${round}: no call is left open`, open.length === 0, open.slice(0, 5));
    expect(`round ${round}: no keyed write was sent twice`, sentTwice.length === 0, sentTwice.slice(0, 5));
    expect(`round ${round}: every key answers what it answered, or that nobody knows`, changed.length === 0, changed.slice(0, 5));
    sum.acknowledged += found.acknowledged;
    sum.writes += found.writes;
    sum.untold += found.atKill.untold;
    sum.unknown += found.unknown;
  }
  console.log(`${sum.acknowledged} acknowledged calls and ${sum.writes} keyed writes in ${ROUNDS} rounds`);
  expect("some keyed write was in flight, and its key says that nobody knows", sum.unknown > 0, sum);
  expect("some kill came between home's taking calls over and their session's knowing", sum.untold > 0, sum);
  await expectControls(expect, random);
}

async function expectControls(expect: Expect, random: () => number): Promise<void> {
  const lost = { missing: 0, sentTwice: 0 };
  for (let round = 1; round <= CONTROL_ROUNDS; round++) {
    lost.missing += (await killOnce("early-worker.ts", random)).missing.length;
    lost.sentTwice += (await killOnce("unkept-keys-worker.ts", random)).sentTwice.length;
  }
  expect("control: a store that believes calls shipped before they are loses some", lost.missing > 0, `${lost.missing} missing`);
  expect("control: a home that keeps its keys in memory sends writes twice", lost.sentTwice > 0, `${lost.sentTwice} sent twice`);
}

interface Found {
  readonly killMs: number;
  readonly isDead: boolean;
  readonly inFlight: { readonly calls: number; readonly writes: number };
  readonly atKill: ShippingState;
  readonly acknowledged: number;
  readonly writes: number;
  /** Names of calls that were acknowledged and are not, or not so, in the history. */
  readonly missing: readonly string[];
  /** Names of calls that are there more often than they were tried. */
  readonly excess: readonly string[];
  readonly open: readonly Row[];
  /** How many keys answer that nobody knows what became of their write. */
  readonly unknown: number;
  /** Titles that GitHub saw more than once. */
  readonly sentTwice: readonly string[];
  /** Answers to one key that do not agree with each other, or with what GitHub saw. */
  readonly changed: readonly string[];
}

async function killOnce(main: string, random: () => number): Promise<Found> {
  const stateDir = await mkdtemp(join(tmpdir(), "dormouse-shipping-"));
  const github = await startGitHubStub();
  const bindings = { GITHUB_API_URL: github.url };
  try {
    github.behave("slow");
    const worker = await startFixture(main, stateDir, bindings);
    const load = await startShippingLoad(`${worker.url}/mcp`, Math.floor(random() * 2 ** 31));
    await Promise.race([load.hasAcknowledged(MIN_ACKNOWLEDGED), load.ended()]);
    const killMs = Math.round(EARLIEST_KILL_MS + random() * (LATEST_KILL_MS - EARLIEST_KILL_MS));
    await Promise.race([sleep(killMs), load.ended()]);
    load.expectLoss();
    const inFlight = load.inFlight();
    await worker.kill("SIGKILL");
    const isDead = !(await isAlive(worker.pid));
    await load.ended();
    const atKill = await readShippingState(stateDir);

    const recovering = await startFixture(main, stateDir, bindings);
    await sleep(random() * LATEST_SECOND_KILL_MS);
    await recovering.kill("SIGKILL");
    const restarted = await startFixture(main, stateDir, bindings);
    try {
      await sleep(QUIET_MS);
      const rows = await readHistory(await openSession(restarted.url), "all");
      const { writes, asked } = load;
      const acknowledged = [...asked.values()].reduce((count, { ends }) => count + ends.length, 0);
      const history = compare(asked, rows);
      await retry(writes, `${restarted.url}/mcp`);
      const timesSent = ({ title }: Write) => github.count("POST", "/repos/octo/notes/issues", JSON.stringify({ title, body: "" }));
      return {
        ...{ killMs, isDead, inFlight, atKill, acknowledged, ...history },
        writes: writes.length,
        unknown: writes.filter(({ answers }) => answers.some(isUnknown)).length,
        sentTwice: writes.filter((write) => timesSent(write) > 1).map(({ title }) => title),
        changed: writes.flatMap((write) => disagreementOf(write, timesSent(write)) ?? [])
      };
    } finally {
      await restarted.stop();
    }
  } finally {
    await github.close();
    await rm(stateDir, { recursive: true, force: true });
  }
}

function compare(asked: ReadonlyMap<string, Asked>, rows: readonly Row[]): Pick<Found, "missing" | "excess" | "open"> {
  const recorded = Map.groupBy(rows, nameOf);
  const missing: string[] = [];
  const excess: string[] = [];
  for (const [name, { attempts, ends }] of asked) {
    const found = recorded.get(name) ?? [];
    const left = found.map(recordedEndOf);
    if (left.length > attempts) excess.push(name);
    for (const end of ends) {
      const index = left.indexOf(end);
      if (index < 0) missing.push(`${name}: ${end}`);
      else left.splice(index, 1);
    }
  }
  return { missing, excess, open: rows.filter(({ outcome }) => outcome === "running" || outcome === "pending") };
}

/** The arguments may be cut, but begin with what names the call. */
const nameOf = ({ arguments: args = "" }: Row): string => /"(?:text|title)":"([^"]+)"/.exec(args)?.[1] ?? "";

/** See {@link endOf}. */
function recordedEndOf({ outcome, preview = "" }: Row): string {
  if (outcome !== "ok") return "failed";
  return preview.startsWith("(replayed)") ? "ok, replayed" : "ok";
}

/** Tries every write again, twice, from a session that is not its own and from none. */
async function retry(writes: readonly Write[], url: string): Promise<void> {
  const callers: Caller[] = [await RawSession.begin(url), new RawStateless(url)];
  const left = writes.values();
  const client = async () => {
    for (const write of left) for (const caller of callers) await write.try(caller);
    return undefined;
  };
  await Promise.all(Array.from({ length: 4 }, client));
}

/** What is wrong with the answers to one key; `undefined` if nothing is. */
function disagreementOf({ title, answers }: Write, timesSent: number): string | undefined {
  const contents = new Set(answers.filter((answer) => !isUnknown(answer)).map(contentOf));
  const unknown = answers.filter(isUnknown).length;
  const last = answers.at(-1);
  const isTrue = contents.size === 1 ? unknown === 0 : contents.size === 0;
  // The retries came when the write was over: none of them can have been the first but the first.
  const isReplayed = last?._meta?.["dormouse/replayed"] === true;
  const wasSent = last === undefined || endOf(last) === "failed" || timesSent > 0;
  if (isTrue && isReplayed && wasSent) return undefined;
  return `${title}, sent ${timesSent} times: ${JSON.stringify(answers)}`;
}

const contentOf = ({ content, structuredContent, isError }: ToolAnswer): string => JSON.stringify([content, structuredContent, isError]);

/** It was in flight when the server was killed. Each such answer has a reference of its own. */
const isUnknown = ({ isError, content }: ToolAnswer): boolean =>
  isError === true && (content[0]?.text.includes("was in flight when the server stopped") ?? false);

function expectKilled(expect: Expect, what: string, { killMs, isDead, inFlight, atKill, acknowledged, writes, unknown }: Found): void {
  const wasWorking = inFlight.calls > inFlight.writes && inFlight.writes > 0;
  const wasShipping = atKill.shipped + atKill.untold > 0 && atKill.unshipped > 0;
  const seen = { killMs, inFlight, atKill, acknowledged, writes, unknown };
  expect(`${what}: workerd was killed with calls and writes in flight, and others to ship`, isDead && wasWorking && wasShipping, seen);
}

await runCheck(shipsEverything);
