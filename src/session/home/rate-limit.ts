import type { RateRule } from "../../mcp/calls/rate-limited.ts";
import type { Grant, LeaseReport } from "../../mcp/doors/home-door.ts";

/** What the ledger remembers, as JSON: at most `limit` times and leases. It is stored before an answer leaves. */
export interface RateState {
  readonly leases: readonly OpenLease[];
  /** How many leases were granted: a lease's id is never given again. */
  readonly granted: number;
  /** When each permit was used, oldest first; none later than when it is known of, none earlier than it was. */
  readonly usesMs: readonly number[];
}

interface OpenLease extends Grant {
  readonly grantedMs: number;
}

/** What a session asks for. */
export interface LeaseRequest {
  readonly leaseMs: number;
  /** Its lease before this one. */
  readonly report?: LeaseReport;
}

/** No permit is free. */
export interface NoPermit {
  /** Trying again then succeeds if nobody else does. */
  readonly retryAfterMs: number;
}

/**
 * Counts a principal's uses in a sliding window, exactly: its own, and through leases those of its sessions.
 *
 * Why no window ever holds more than the limit: take any window that ends at `t`, and the last grant (of a lease, or of a
 * single use) at `g ≤ t` of which it holds a use. Each use that it holds was made after `t - windowMs`, so after
 * `g - windowMs`, and is counted at `g`, if only once:
 * - One that was reported by then, at a time that is not before it was made: its age is measured when the report leaves and
 *   subtracted when it has arrived, and a lease ends for its session before it ends here.
 * - One of a lease that was not, as one of its permits: they all count until `windowMs` after the lease's end.
 * - One of that last grant, as one of its permits.
 *
 * That sum was at most the limit, or there had been no grant. Since the state is stored before a grant leaves, no grant is
 * forgotten with this object; reports that are lost, late or repeated, and sessions that are, can only leave too much
 * counted. The clocks have to run equally fast, not to agree.
 */
export class RateLedger {
  readonly #rule: RateRule;
  #leases: readonly OpenLease[];
  #granted: number;
  #usesMs: readonly number[];

  constructor(rule: RateRule, { leases, granted, usesMs }: RateState = { leases: [], granted: 0, usesMs: [] }) {
    this.#rule = rule;
    this.#leases = leases;
    this.#granted = granted;
    this.#usesMs = usesMs;
  }

  /** What is to be stored after each {@link lease} and {@link take} that granted something, or got a report. */
  get state(): RateState {
    return { leases: this.#leases, granted: this.#granted, usesMs: this.#usesMs };
  }

  /**
   * Leases what is free, but a quarter of the limit at most, so that one session does not keep the others waiting for its end; and
   * four times what the session used of its last lease, one permit to begin with: many clients open a session for a single call.
   */
  lease(nowMs: number, { leaseMs, report }: LeaseRequest): Grant | NoPermit {
    const clockMs = this.#advance(nowMs, report);
    const { limit } = this.#rule;
    const wanted = Math.max(1, 4 * (report?.agesMs.length ?? 0));
    const permits = Math.min(wanted, Math.max(1, Math.floor(limit / 4)), limit - this.#counted());
    if (permits < 1) return this.#refuse(nowMs);
    // With the time, so that a report from before this state was deleted names no lease from after.
    const grant = { leaseId: `${clockMs}-${++this.#granted}`, permits, untilMs: clockMs + leaseMs };
    this.#leases = [...this.#leases, { ...grant, grantedMs: clockMs }];
    return grant;
  }

  /** Takes in when a lease was used that will not be used any more. */
  report(nowMs: number, report: LeaseReport): void {
    this.#advance(nowMs, report);
  }

  /** Uses one permit here. */
  take(nowMs: number): NoPermit | undefined {
    const clockMs = this.#advance(nowMs);
    if (this.#counted() >= this.#rule.limit) return this.#refuse(nowMs);
    this.#count([clockMs]);
    return undefined;
  }

  /** How many permits are neither used nor leased. */
  remaining(nowMs: number): number {
    this.#advance(nowMs);
    return Math.max(0, this.#rule.limit - this.#counted());
  }

  /** Takes in what is reported and forgets what left the window. A clock that went back, as on another machine, is taken to stand. */
  #advance(nowMs: number, report?: LeaseReport): number {
    const clockMs = Math.max(nowMs, ...this.#leases.map(({ grantedMs }) => grantedMs), this.#usesMs.at(-1) ?? 0);
    if (report) this.#settle(report, clockMs);
    const startMs = clockMs - this.#rule.windowMs;
    this.#usesMs = this.#usesMs.filter((usedMs) => usedMs > startMs);
    this.#leases = this.#leases.filter(({ untilMs }) => untilMs > startMs);
    return clockMs;
  }

  /** Replaces a lease by its uses. One that is not known was reported before, or has left the window. */
  #settle({ leaseId, agesMs }: LeaseReport, clockMs: number): void {
    const lease = this.#leases.find((open) => open.leaseId === leaseId);
    if (!lease || agesMs.length > lease.permits) return;
    this.#leases = this.#leases.filter((open) => open !== lease);
    this.#count(agesMs.map((ageMs) => Math.min(Math.max(clockMs - ageMs, lease.grantedMs), lease.untilMs, clockMs)));
  }

  #count(usesMs: readonly number[]): void {
    this.#usesMs = [...this.#usesMs, ...usesMs].sort((one, other) => one - other);
  }

  #counted(): number {
    return this.#leases.reduce((sum, { permits }) => sum + permits, this.#usesMs.length);
  }

  #refuse(nowMs: number): NoPermit {
    const { limit, windowMs } = this.#rule;
    const leaving = [
      ...this.#usesMs.map((usedMs) => ({ atMs: usedMs + windowMs, permits: 1 })),
      ...this.#leases.map(({ untilMs, permits }) => ({ atMs: untilMs + windowMs, permits }))
    ].sort((one, other) => one.atMs - other.atMs);
    // More than one over where the limit was lowered meanwhile.
    let excess = this.#counted() - limit + 1;
    for (const { atMs, permits } of leaving) {
      excess -= permits;
      if (excess <= 0) return { retryAfterMs: atMs - nowMs };
    }
    return { retryAfterMs: windowMs };
  }
}
