import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";

/** Whether a process is there. A zombie is not: it only waits for its parent to notice. */
export async function isAlive(pid: number): Promise<boolean> {
  return (await readProcesses()).some((one) => one.pid === pid && !one.isZombie);
}

/** The processes below one, at any depth. */
export async function descendantsOf(pid: number): Promise<readonly Process[]> {
  const processes = await readProcesses();
  const found: Process[] = [];
  const parents = [pid];
  for (const parent of parents) {
    const children = processes.filter((one) => one.parent === parent);
    found.push(...children);
    parents.push(...children.map((child) => child.pid));
  }
  return found;
}

/** A process of this machine. */
export interface Process {
  readonly pid: number;
  /** The name of its program, without a path. */
  readonly command: string;
  readonly parent: number;
  readonly isZombie: boolean;
}

/** From /proc where there is one, because a small Linux image has no `ps`. */
async function readProcesses(): Promise<readonly Process[]> {
  if (process.platform !== "linux") return parsePs((await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid=,stat=,comm="])).stdout);
  const entries = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const read = await Promise.all(entries.map((pid) => readFile(`/proc/${pid}/stat`, "utf8").catch(() => ""))); // it may have ended
  return read.filter((stat) => stat !== "").map(parseStat);
}

const parsePs = (text: string): Process[] =>
  text
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .map(([pid, parent, state, ...command]) => ({
      pid: Number(pid),
      command: command.join(" ").replace(/^.*\//, ""),
      parent: Number(parent),
      isZombie: state?.startsWith("Z") ?? false
    }));

/** `pid (command) state ppid …`, and the command may hold spaces and parentheses: proc_pid_stat(5). */
function parseStat(stat: string): Process {
  const end = stat.lastIndexOf(")");
  const [state, parent] = stat.slice(end + 2).split(" ");
  return {
    pid: Number.parseInt(stat, 10),
    command: stat.slice(stat.indexOf("(") + 1, end),
    parent: Number(parent),
    isZombie: state === "Z"
  };
}
