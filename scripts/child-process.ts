import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

/** How a child is started: always without a shell, so arguments need no quoting. */
export interface ChildOptions {
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A child that runs until it is stopped, at the head of a process group of its own. */
export interface Child {
  /** Settles when the child has ended, with its exit code; `null` after a signal. */
  readonly ended: Promise<number | null>;
  /** Ends the whole group: SIGTERM, and SIGKILL for what is left after `graceMs`. */
  stop(graceMs?: number): Promise<void>;
  /** Ends the whole group at once. */
  kill(): void;
}

/** What a finished command wrote and how it ended. */
export interface RunResult {
  /** `null` after a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts a long-running child whose output goes to ours, but without our terminal: it gets no Ctrl-C and shows no menus. */
export function startChild(command: string, args: readonly string[], options: ChildOptions = {}): Child {
  const child = spawn(command, args, { ...spawnOptions(options), stdio: ["ignore", "pipe", "pipe"], detached: true });
  child.stdout.pipe(process.stdout, { end: false });
  child.stderr.pipe(process.stderr, { end: false });
  const kill = () => {
    signalGroup(child, "SIGKILL");
  };
  // Whatever ends us, such as a closed pipe behind our output, must not leave the group running.
  process.once("exit", kill);
  return {
    ended: endOf(child, "exit"),
    kill,
    stop: async (graceMs = 5_000) => {
      await stopGroup(child, graceMs);
      process.off("exit", kill);
    }
  };
}

/** Runs a command to its end and collects what it writes. `input` reaches it on stdin, so a secret never stands in its arguments. */
export async function run(
  command: string,
  args: readonly string[],
  options: ChildOptions & { readonly input?: string } = {}
): Promise<RunResult> {
  const child = spawn(command, args, { ...spawnOptions(options), stdio: ["pipe", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  // A child that ends without reading makes the write fail; its exit code says more.
  child.stdin.on("error", () => undefined).end(options.input ?? "");
  const code = await endOf(child, "close");
  return { code, stdout, stderr };
}

/** Runs a command to its end on our own terminal, so that it can ask questions. */
export function runInTerminal(command: string, args: readonly string[], options: ChildOptions = {}): Promise<number | null> {
  return endOf(spawn(command, args, { ...spawnOptions(options), stdio: "inherit" }), "exit");
}

const spawnOptions = ({ cwd, env }: ChildOptions) => ({ ...(cwd !== undefined && { cwd }), env: { ...process.env, ...env } });

/** `close` also waits until nobody holds the output open, and a grandchild may hold it for long. */
function endOf(child: ChildProcess, event: "exit" | "close"): Promise<number | null> {
  return new Promise((resolve, reject) => child.once("error", reject).once(event, resolve));
}

async function stopGroup(child: ChildProcess, graceMs: number): Promise<void> {
  signalGroup(child, "SIGTERM");
  const deadline = Date.now() + graceMs;
  while (isGroupAlive(child) && Date.now() < deadline) await sleep(50);
  signalGroup(child, "SIGKILL");
}

/** The group outlives its head: workerd may still write to disk when wrangler has gone. */
function isGroupAlive(child: ChildProcess): boolean {
  return signalGroup(child, 0);
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  if (pid === undefined) return false;
  if (process.platform === "win32") return signalTree(pid, signal);
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}

/** Windows has no process groups; taskkill ends the tree below a process, and only by force. */
function signalTree(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (signal !== 0) spawn("taskkill", ["/pid", String(pid), "/t", "/f"], { stdio: "ignore" });
  return true;
}
