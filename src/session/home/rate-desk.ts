import type { RateRule } from "../../mcp/calls/rate-limited.ts";
import type { Leased, LeaseReport } from "../../mcp/doors/home-door.ts";
import type { RateStates } from "../../stores/rate-states.ts";
import { RateLedger, type RateState } from "./rate-limit.ts";

/** Leases the permits of one principal, to its sessions and to home itself, and never forgets one that it gave away. */
export class RateDesk {
  readonly #states: RateStates<RateState>;
  readonly #rule: () => RateRule | undefined;
  readonly #leaseMs: number;
  #ledger: RateLedger | undefined;

  /** @param rule gives what is allowed; `undefined` where nothing is limited. */
  constructor(states: RateStates<RateState>, rule: () => RateRule | undefined, leaseMs: number) {
    this.#states = states;
    this.#rule = rule;
    this.#leaseMs = leaseMs;
  }

  /** Grants permits once that is stored: one row, for several calls. */
  lease(report: LeaseReport | undefined): Leased {
    const ledger = this.#known();
    if (!ledger) throw new Error("Nothing is limited, so nothing is leased.");
    const nowMs = Date.now();
    const leased = ledger.lease(nowMs, { leaseMs: this.#leaseMs, ...(report && { report }) });
    if ("leaseId" in leased || report) this.#states.write(ledger.state);
    return "leaseId" in leased ? { ...leased, remaining: ledger.remaining(nowMs) } : leased;
  }

  /** Frees what a lease that has ended left unused. Not stored: until the next lease is, a loss of it only counts too much. */
  report(report: LeaseReport): void {
    this.#known()?.report(Date.now(), report);
  }

  /** Whether any permit counts as used or leased: it must not be forgotten. */
  isCounting(): boolean {
    const [rule, ledger] = [this.#rule(), this.#known()];
    return rule !== undefined && ledger !== undefined && ledger.remaining(Date.now()) < rule.limit;
  }

  /** The storage was emptied. */
  reset(): void {
    this.#ledger = undefined;
  }

  #known(): RateLedger | undefined {
    const rule = this.#rule();
    if (!rule) return undefined;
    this.#ledger ??= new RateLedger(rule, this.#states.read());
    return this.#ledger;
  }
}
