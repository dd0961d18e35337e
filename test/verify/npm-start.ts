import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { descendantsOf, isAlive, type Process } from "./processes.ts";

/** A server that was started as the README says. */
export interface StartedServer {
  /** `http://127.0.0.1:<port>/mcp` */
  readonly mcpUrl: string;
  /** Sends SIGTERM to npm, as a supervisor would. Tells what ran below it, and what of that was still there after a while. */
  terminate(): Promise<{ ended: readonly string[]; left: readonly string[] }>;
}

const ROOT = resolve(import.meta.dirname, "../..");
/** Apart from the state of whoever works here, which is not ours to clear. */
const STATE = ".dormouse/verify/state";
const START_MS = 60_000;
const END_MS = 15_000;

/** Runs `npm start` on a free port and waits until it says that it is up. */
export async function npmStart(): Promise<StartedServer> {
  const port = await freePort();
  const npm = spawn("npm", ["start", "--", "--port", String(port), "--state", STATE, "--fresh"], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"]
  });
  const pid = npm.pid;
  if (pid === undefined) throw new Error("npm could not be started.");
  let printed = "";
  const isUp = new Promise<boolean>((done) => {
    for (const stream of [npm.stdout, npm.stderr]) {
      stream.on("data", (chunk) => {
        printed += chunk;
        if (printed.includes("Dormouse is up")) done(true);
      });
    }
  });
  const terminate = async () => {
    const children = await descendantsOf(pid);
    npm.kill("SIGTERM");
    const left = await waitForEnd(children);
    for (const child of left) process.kill(child.pid, "SIGKILL");
    return { ended: children.filter((child) => !left.includes(child)).map(nameOf), left: left.map(nameOf) };
  };
  const hasEnded = once(npm, "exit").then(() => false);
  if (await Promise.race([isUp, hasEnded, sleep(START_MS, false, { ref: false })]))
    return { mcpUrl: `http://127.0.0.1:${port}/mcp`, terminate };
  await terminate();
  throw new Error(`npm start did not come up.\n${printed}`);
}

const nameOf = ({ command }: Process): string => command;

async function waitForEnd(processes: readonly Process[]): Promise<readonly Process[]> {
  const deadline = Date.now() + END_MS;
  for (;;) {
    const alive = await Promise.all(processes.map(({ pid }) => isAlive(pid)));
    const left = processes.filter((_, index) => alive[index]);
    if (left.length === 0 || Date.now() > deadline) return left;
    await sleep(100);
  }
}

/** A port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (address === null || typeof address === "string") throw new Error("No port is free.");
  return address.port;
}
