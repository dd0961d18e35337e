import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";

/** What a figure depends on, beside the code. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly kernel: string;
  readonly node: string;
}

/** Describes this machine without naming it. */
export function describeMachine(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: `${type()} ${release()}`,
    node: process.version
  };
}

/** A file system in memory, `undefined` where there is none. */
export function findTmpfs(): string | undefined {
  return existsSync("/dev/shm") && statSync("/dev/shm").isDirectory() ? "/dev/shm" : undefined;
}

/** The type of the file system that holds a path, as the kernel calls it. */
export function fileSystemOf(path: string): string {
  try {
    return execFileSync("stat", ["--file-system", "--format=%T", path], { encoding: "utf8", stdio: "pipe" }).trim();
  } catch {
    return "unknown"; // only GNU's stat tells
  }
}

/** Processor time that a process has taken, milliseconds; `undefined` where the kernel has no /proc. Source: proc_pid_stat(5) */
export function cpuMsOf(pid: number): number | undefined {
  if (!existsSync(`/proc/${pid}/stat`)) return undefined;
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name of the program is in parentheses and may hold spaces; utime and stime are the 14th and the 15th field.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Linux tells processor time in hundredths of a second, whatever its own clock does. */
const TICK_MS = 10;
