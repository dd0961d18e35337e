/** The number of a call tells when it was recorded: ticks since this moment. */
const EPOCH_MS = Date.UTC(2026, 0, 1);

/** More calls in a second than this borrow the numbers of the next. */
const TICKS_PER_SECOND = 64;

/**
 * The number of a call that is recorded at a time, after the last one of the same object. Numbers that follow the clock sort the
 * calls of many sessions by time without an index, and an object that was emptied never gives a number twice.
 */
export const nextCallNumber = (last: number, nowMs: number): number => Math.max(last + 1, firstNumberAt(nowMs));

/** The least number that a call recorded at a time can have. */
export const firstNumberAt = (atMs: number): number => Math.floor(((atMs - EPOCH_MS) * TICKS_PER_SECOND) / 1000);

/** When the call of a number was recorded, milliseconds since the epoch, to a tick. */
export const timeOfNumber = (seq: number): number => EPOCH_MS + Math.floor((seq * 1000) / TICKS_PER_SECOND);
