import { sleep } from "../lib/sleep.ts";

/** How often a request that only reads is sent again. */
const MAX_RETRIES = 2;
const FIRST_DELAY_MS = 200;

/**
 * Repeats a request that only reads, at most twice, with a growing and jittered pause, until the signal is aborted.
 * A write never comes here: see "No library may resend" in docs/architecture.md.
 */
export async function retryRead<T>(signal: AbortSignal, isPassing: (error: unknown) => boolean, read: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await read();
    } catch (error) {
      if (attempt === MAX_RETRIES || signal.aborted || !isPassing(error)) throw error;
      await sleep(FIRST_DELAY_MS * 2 ** attempt * (0.5 + Math.random()), signal);
    }
  }
}
