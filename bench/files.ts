import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { findTmpfs } from "./machine.ts";

/** The configuration of every Worker of the bench, from the root of the repository. */
export const CONFIG = "bench/wrangler.toml";

const ROOT = resolve(import.meta.dirname, "..");

const STORAGES = { disk: () => join(ROOT, ".dormouse/bench"), tmpfs: findTmpfs } as const;

/** A directory of this run alone; removed even if the run is broken off. `undefined` where there is no such storage. */
export function createStateDir(storage: keyof typeof STORAGES): string | undefined {
  const parent = STORAGES[storage]();
  if (parent === undefined) return undefined;
  mkdirSync(parent, { recursive: true });
  const stateDir = mkdtempSync(join(parent, "dormouse-bench-"));
  process.once("exit", () => rmSync(stateDir, { recursive: true, force: true }));
  return stateDir;
}

/** Writes figures to a file of the bench, for whoever reads the repository. */
export function writeFigures(name: string, figures: object): void {
  writeFileSync(join(ROOT, "bench", name), `${JSON.stringify(figures, null, 2)}\n`);
  console.log(`\nWritten to bench/${name}.`);
}

/** Ends the process, and with it its Workers, which hang on its channel, when somebody breaks it off. */
export function endOnSignals(): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
}
