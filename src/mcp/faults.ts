import type { z } from "zod";
import { memberPath } from "../lib/member-path.ts";
import { cut } from "../lib/text.ts";

/** What is wrong with something that was given, and where: `steps[2].arguments.repo`. */
export interface Fault {
  readonly path: string;
  readonly message: string;
}

/** Says in one line which fields are at fault and how. */
export function namesOfFaults(error: z.ZodError): string {
  const faults = error.issues.map(({ path, message }) => (path.length > 0 ? `${path.join(".")}: ${message}` : message));
  return cut(faults.join(". "), 1000);
}

/** Turns what zod found in a value that stands at `path` into faults. */
export const toFaults = (error: z.ZodError, path: string): readonly Fault[] =>
  error.issues.map((issue) => ({ path: memberPath(path, ...issue.path), message: issue.message }));

/** Says the first faults, each in a line of its own, and how many more there are. */
export function sayFaults(faults: readonly Fault[]): string {
  const lines = faults.slice(0, SAID).map(({ path, message }) => `${cut(path, 200)}: ${cut(message, 500)}`);
  if (faults.length > SAID) lines.push(`and ${faults.length - SAID} more`);
  return lines.join("\n");
}

const SAID = 20;
