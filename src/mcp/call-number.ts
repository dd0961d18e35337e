/** The number of a call tells when it was recorded: seconds since this moment, and which of the calls of that second it is. */
const EPOCH_MS = Date.UTC(2026, 0, 1);

/** More calls in a second than this borrow the numbers of the next. */
const CALLS_PER_SECOND = 64;

/**
 * The number of a call that is recorded at a time, after the last one of the same object. Numbers that follow the clock sort the
 * calls of many sessions by time without an index, and an object that was emptied never gives a number twice.
 */
export const nextCallNumber = (last: number, nowMs: number): number => Math.max(last + 1, firstNumberAt(nowMs));

/** The least number that a call recorded at a time can have. */
export const firstNumberAt = (atMs: number): number => Math.floor((atMs - EPOCH_MS) / 1000) * CALLS_PER_SECOND;

/** When the call of a number was recorded, milliseconds since the epoch, whole seconds. */
export const timeOfNumber = (seq: number): number => EPOCH_MS + Math.floor(seq / CALLS_PER_SECOND) * 1000;
