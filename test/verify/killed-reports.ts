import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startGitHub } from "../../scripts/upstreams/github.ts";
import { SEED_REPOSITORIES } from "../../scripts/upstreams/github-seed.ts";
import { LOCAL_BINDINGS, startBuiltWorker } from "../support/built-worker.ts";
import type { Expect } from "./run-check.ts";
import { killRuns, type Told } from "./run-client.ts";
import { startSlowProxy } from "./slow-proxy.ts";

const ROUNDS = 10;
/** GitHub takes so long for each of twelve repositories, of which a run reads five at a time. */
const SLOW_MS = 150;
const LATEST_KILL_MS = 500;
const LATEST_SECOND_KILL_MS = 300;

const NAMES = SEED_REPOSITORIES.flatMap(({ owner, name, forkedBy }) => [
  `${owner}/${name}`,
  ...forkedBy.map((login) => `${login}/${name}`)
]);
const LISTED = NAMES.slice(0, 12);

/** Kills workerd while it makes reports of repositories: each ends, and has the row of every repository. */
export async function expectReports(expect: Expect, random: () => number): Promise<void> {
  const sum = { readsInFlight: 0, readsAtKill: 0, reads: 0 };
  for (let round = 1; round <= ROUNDS; round++) {
    const found = await killOnce(random);
    const { isDead, ends, killMs, atKill, reads } = found;
    const seen = { killMs, atKill, reads };
    expect(`report round ${round}: workerd was killed, and every run ends completed`, isDead && ends.every(isCompleted), {
      ...seen,
      ends: ends.filter((end) => !isCompleted(end))
    });
    expect(`report round ${round}: each repository was read`, found.unread.length === 0, found.unread);
    expect(`report round ${round}: no row is missing`, ends.every(isWhole), ends.every(isWhole) ? undefined : ends);
    sum.readsInFlight += atKill.inFlight;
    sum.readsAtKill += atKill.reads;
    sum.reads += reads;
  }
  expect("report: kills met reads in flight", sum.readsInFlight > 0, sum);
}

async function killOnce(random: () => number) {
  const stateDir = await mkdtemp(join(tmpdir(), "dormouse-reports-"));
  const github = await startGitHub();
  const proxy = await startSlowProxy(github.url, SLOW_MS);
  const bindings = { ...LOCAL_BINDINGS, LOCAL_SCOPES: "all", GITHUB_API_URL: proxy.url, GITHUB_TOKEN: github.token };
  const killMs = Math.round(random() * LATEST_KILL_MS);
  const atKill = { reads: 0, inFlight: 0 };
  try {
    const { isDead, ends } = await killRuns({
      start: () => startBuiltWorker({ stateDir, bindings }),
      // The second finds what it reads.
      requests: [
        { workflow: "repository_report", inputs: { repositories: LISTED } },
        { workflow: "repository_report", inputs: { query: "queue", repositories: LISTED } }
      ],
      ...{ killMs, secondKillMs: random() * LATEST_SECOND_KILL_MS },
      onKill() {
        Object.assign(atKill, { reads: proxy.seen.length, inFlight: proxy.inFlight() });
      }
    });
    const read = new Set(proxy.seen);
    return { isDead, ends, killMs, atKill, reads: proxy.seen.length, unread: LISTED.filter((name) => !read.has(`/repos/${name}`)) };
  } finally {
    await proxy.close();
    await github.close();
    await rm(stateDir, { recursive: true, force: true });
  }
}

const isCompleted = ({ state }: Told): boolean => state === "completed";

/** Two lines of its table are its head. */
function isWhole({ output }: Told): boolean {
  const { table, summary } = output as { table: string; summary: { repositories: number; read: number } };
  const rows = table.split("\n").slice(2);
  const isThere = (name: string) => rows.some((row) => row.startsWith(`| [${name}](`));
  return LISTED.every(isThere) && rows.length === summary.repositories && summary.read === summary.repositories;
}
