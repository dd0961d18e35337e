import { inspect } from "node:util";

/** States one thing that must hold, and whether it does; what was seen helps whoever reads a failure. */
export type Expect = (sentence: string, holds: boolean, seen?: unknown) => void;

/**
 * Runs a check: a line for each thing that must hold, a last line that counts them, and the exit code for
 * `scripts/verify.ts`. A check that throws, or states nothing, has failed.
 */
export async function runCheck(check: (expect: Expect) => Promise<void>): Promise<void> {
  let passed = 0;
  let failed = 0;
  const expect: Expect = (sentence, holds, seen) => {
    if (holds) passed++;
    else failed++;
    console.log(`${holds ? "PASS" : "FAIL"} ${sentence}${seen === undefined ? "" : show(seen, holds)}`);
  };
  try {
    await check(expect);
  } catch (error) {
    expect("runs to its end", false, inspect(error)); // with its cause
  }
  console.log(`${passed} held, ${failed} did not`);
  process.exitCode = passed > 0 && failed === 0 ? 0 : 1;
}

const MAX_SHOWN = 160;

/** A failure is shown in full. */
function show(seen: unknown, holds: boolean): string {
  const text = typeof seen === "string" ? seen : JSON.stringify(seen);
  return ` (${holds && text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text})`;
}
