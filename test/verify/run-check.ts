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
    const details = seen === undefined ? "" : ` (${typeof seen === "string" ? seen : JSON.stringify(seen)})`;
    console.log(`${holds ? "PASS" : "FAIL"} ${sentence}${details}`);
  };
  try {
    await check(expect);
  } catch (error) {
    expect("runs to its end", false, error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  console.log(`${passed} held, ${failed} did not`);
  process.exitCode = passed > 0 && failed === 0 ? 0 : 1;
}
