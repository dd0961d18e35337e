import type { Grant, LeaseReport } from "../mcp/doors/home-door.ts";

/**
 * A session's side of a lease, in memory. It ends `leaseMs` after the session asked for it, on the session's own clock: Home
 * granted it later than that, so it ends here before it ends there, whatever the two clocks say. A lease that is lost with
 * the session's memory is one that is never reported.
 */
export class Lease {
  readonly #id: string;
  readonly #endMs: number;
  readonly #usesMs: number[] = [];
  #left: number;
  #latestMs: number;

  /** @param askedMs the session's clock before the request left. */
  constructor({ leaseId, permits }: Grant, askedMs: number, leaseMs: number) {
    this.#id = leaseId;
    this.#left = permits;
    this.#latestMs = askedMs;
    this.#endMs = askedMs + leaseMs;
  }

  /** How many permits are left. */
  get left(): number {
    return this.#left;
  }

  /** Whether its time is over. */
  hasEnded(nowMs: number): boolean {
    return nowMs >= this.#endMs;
  }

  /** Uses a permit; `false` where none is left, the lease has ended or was reported. */
  take(nowMs: number): boolean {
    if (nowMs >= this.#endMs || nowMs < this.#latestMs) this.#left = 0; // a clock that went back cannot tell when to end
    if (this.#left === 0) return false;
    this.#left--;
    this.#latestMs = nowMs;
    this.#usesMs.push(nowMs);
    return true;
  }

  /** Ends the lease and says when it was used. A report that may have been lost is made again: Home counts the first that arrives. */
  report(nowMs: number): LeaseReport {
    this.#left = 0;
    return { leaseId: this.#id, agesMs: this.#usesMs.map((usedMs) => Math.max(0, nowMs - usedMs)) };
  }
}
