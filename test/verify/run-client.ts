import { setTimeout as sleep } from "node:timers/promises";
import type { BuiltWorker } from "../support/built-worker.ts";
import { RawStateless } from "../support/stateless.ts";
import { isAlive } from "./processes.ts";

/** A run as get_run tells of it. */
export interface Told {
  readonly run: string;
  readonly state: string;
  readonly error?: string;
  readonly output?: unknown;
}

/** Starts a run, and answers with its handle. */
export async function startRun(client: RawStateless, request: object): Promise<string> {
  return (await ask(client, "start_workflow", request)).run;
}

/** Asks for a run until it has ended or waits for somebody. */
export async function endOfRun(client: RawStateless, run: string): Promise<Told> {
  for (let asked = 1; ; asked++) {
    const told = await ask(client, "get_run", { run, waitSeconds: 8 });
    if ((told.state !== "running" && told.state !== "sleeping") || asked === MOST_ASKED) return told;
  }
}

/** Calls a tool that answers with a run. */
export async function ask(client: RawStateless, tool: string, args: object): Promise<Told> {
  const answer = await client.call(tool, args);
  if (answer.isError) throw new Error(`${tool} answered ${JSON.stringify(answer.content)}`);
  return answer.structuredContent as unknown as Told; // its output schema
}

const MOST_ASKED = 10;

/** Runs whose server is killed twice. */
export interface KilledRuns {
  start(): Promise<BuiltWorker>;
  /** What each run is started with. */
  readonly requests: readonly object[];
  /** How long after the last was started workerd is killed. */
  readonly killMs: number;
  /** How long after it was started again. */
  readonly secondKillMs: number;
  /** Runs right before the first kill. */
  onKill(): void;
}

/** Starts runs, kills their server and the one after it, and tells how they ended. */
export async function killRuns({ start, requests, killMs, secondKillMs, onKill }: KilledRuns): Promise<{ isDead: boolean; ends: Told[] }> {
  const worker = await start();
  const client = new RawStateless(`${worker.url}/mcp`);
  await client.call("list_runs"); // the first request takes longer than those after it
  const handles = await Promise.all(requests.map((request) => startRun(client, request)));
  await sleep(killMs);
  onKill();
  await worker.kill("SIGKILL");
  const isDead = !(await isAlive(worker.pid));
  const recovering = await start();
  await new RawStateless(`${recovering.url}/mcp`).call("list_runs"); // has the runs go on
  await sleep(secondKillMs);
  await recovering.kill("SIGKILL");
  const restarted = await start();
  try {
    const asking = new RawStateless(`${restarted.url}/mcp`);
    return { isDead, ends: await Promise.all(handles.map((handle) => endOfRun(asking, handle))) };
  } finally {
    await restarted.stop();
  }
}
