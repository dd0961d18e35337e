import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startGitHubStub } from "../support/github-stub.ts";
import { startFixture } from "./fixture-worker.ts";
import type { Expect } from "./run-check.ts";
import { killRuns, type Told } from "./run-client.ts";

const ROUNDS = 10;
const CONTROL_ROUNDS = 3;
/** Two more than are driven at a time. */
const RUNS = 6;
const NOTES = 4;
/** GitHub takes 40 ms for a note. Before each step that writes one reads for as long as this, so that some kills come between writes. */
const READ_MS = 100;
const LATEST_KILL_MS = 600;
const LATEST_SECOND_KILL_MS = 300;

/**
 * Kills workerd while runs write: no write is sent twice, and a run that may have lost one says so. The control is a store that
 * does not note a write before it is sent.
 */
export async function expectWrites(expect: Expect, random: () => number): Promise<void> {
  const sum = { completed: 0, wentOn: 0, unknown: 0, sent: 0 };
  for (let round = 1; round <= ROUNDS; round++) {
    const { isDead, ends, killMs, sentAtKill, sent, sentTwice, unsent, wentOn } = await killOnce("writes-worker.ts", random);
    const completed = ends.filter(isCompleted).length;
    const unknown = ends.filter(isUnknown).length;
    const seen = { killMs, sentAtKill, sent, completed, wentOn, unknown };
    expect(`writes round ${round}: workerd was killed, and every run ends completed or unknown`, isDead && completed + unknown === RUNS, {
      ...seen,
      ...(completed + unknown < RUNS && { ends })
    });
    expect(`writes round ${round}: no write was sent twice`, sentTwice.length === 0, sentTwice);
    expect(`writes round ${round}: a run that is completed has sent each`, unsent.length === 0, unsent);
    sum.completed += completed;
    sum.wentOn += wentOn;
    sum.unknown += unknown;
    sum.sent += sent;
  }
  expect("writes: some run was stopped in a write and says that nobody knows", sum.unknown > 0, sum);
  expect("writes: some run that had writes to send went on and is completed", sum.wentOn > 0, sum.wentOn);
  let sentTwice = 0;
  for (let round = 1; round <= CONTROL_ROUNDS; round++) sentTwice += (await killOnce("unnoted-runs-worker.ts", random)).sentTwice.length;
  expect("writes control: a store that does not note a write before it is sent sends some twice", sentTwice > 0, `${sentTwice} sent twice`);
}

async function killOnce(main: string, random: () => number) {
  const stateDir = await mkdtemp(join(tmpdir(), "dormouse-writes-"));
  const github = await startGitHubStub();
  const killMs = Math.round(random() * LATEST_KILL_MS);
  const names = Array.from({ length: RUNS }, (_, index) => `run-${index}`);
  const timesSent = (title: string) => github.writes.filter(({ body }) => (JSON.parse(body) as { title: string }).title === title).length;
  const unsentOf = (name: string) => titlesOf(name).filter((title) => timesSent(title) === 0);
  const atKill = { sent: 0, open: new Set<string>() };
  try {
    github.behave("slow");
    const { isDead, ends } = await killRuns({
      start: () => startFixture(main, stateDir, { GITHUB_API_URL: github.url, RATE_LIMIT: "off" }),
      requests: names.map((name) => ({ definition: DEFINITION, inputs: { name, titles: itemTitlesOf(name) } })),
      ...{ killMs, secondKillMs: random() * LATEST_SECOND_KILL_MS },
      onKill() {
        atKill.sent = github.writes.length;
        atKill.open = new Set(names.filter((name) => unsentOf(name).length > 0));
      }
    });
    const completed = names.filter((_, index) => isCompleted(ends[index]));
    return {
      ...{ isDead, ends, killMs },
      sentAtKill: atKill.sent,
      sent: github.writes.length,
      sentTwice: names.flatMap(titlesOf).filter((title) => timesSent(title) > 1),
      unsent: completed.flatMap(unsentOf),
      /** How many had writes to send when they were killed, and have sent them. */
      wentOn: completed.filter((name) => atKill.open.has(name)).length
    };
  } finally {
    await github.close();
    await rm(stateDir, { recursive: true, force: true });
  }
}

const note = (title: object | string) => ({ tool: "create_note", arguments: { owner: "octo", repo: "notes", title } });

const read = (id: string) => ({ id, kind: "tool", tool: "echo", arguments: { text: id, steps: 1, delayMs: READ_MS } });

const DEFINITION = {
  name: "notes",
  inputs: { type: "object", properties: { name: { type: "string" }, titles: { type: "array", items: { type: "string" } } } },
  steps: [
    read("before"),
    { id: "each", kind: "for_each", items: { $ref: "/inputs/titles" }, concurrency: 2, ...note({ $ref: "/item" }) },
    read("between"),
    { id: "one", kind: "tool", ...note("{{/inputs/name}}, one") },
    { id: "other", kind: "tool", ...note("{{/inputs/name}}, other") },
    read("after")
  ]
};

const itemTitlesOf = (name: string): string[] => Array.from({ length: NOTES }, (_, index) => `${name}, ${index}`);
const titlesOf = (name: string): string[] => [...itemTitlesOf(name), `${name}, one`, `${name}, other`];
const isCompleted = (end: Told | undefined): boolean => end?.state === "completed";
const isUnknown = ({ state, error }: Told): boolean =>
  state === "unknown" && (error?.includes("nobody knows whether create_note") ?? false);
