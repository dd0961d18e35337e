import type { Permits } from "../mcp/calls/host.ts";
import { RateLimited, type RateRule } from "../mcp/calls/rate-limited.ts";
import type { Leased, LeaseReport } from "../mcp/doors/home-door.ts";
import type { Principal } from "../mcp/principal.ts";
import { Lease } from "./lease.ts";

/** What {@link LeasedPermits} are made of. */
export interface LeasedPermitsOptions {
  /** `undefined` where nothing is limited. */
  readonly rule: RateRule | undefined;
  readonly leaseMs: number;
  /** Asks home for permits, and says when those of the lease before were used. */
  lease(report: LeaseReport | undefined): Promise<Leased>;
}

/** The permits of one object, leased from the principal's home a few at a time: most calls ask nobody. */
export class LeasedPermits implements Permits {
  readonly #options: LeasedPermitsOptions;
  #lease: Lease | undefined;
  /** What home had left when it granted the lease. */
  #remaining = 0;
  #leasing: Promise<number | undefined> | undefined;

  constructor(options: LeasedPermitsOptions) {
    this.#options = options;
  }

  take({ kind }: Principal): number | undefined | Promise<number | undefined> {
    const { rule } = this.#options;
    if (!rule || kind === "local") return undefined;
    return this.#lease?.take(Date.now()) ? this.#left() : this.#takeLater(rule);
  }

  /** When the lease was used, if it has ended: home frees what was not. */
  reportEnded(): LeaseReport | undefined {
    const nowMs = Date.now();
    return this.#lease?.hasEnded(nowMs) ? this.#lease.report(nowMs) : undefined;
  }

  async #takeLater(rule: RateRule): Promise<number | undefined> {
    // One question at a time: calls that come together share what the first is granted.
    for (;;) {
      this.#leasing ??= this.#renew().finally(() => {
        this.#leasing = undefined;
      });
      const retryAfterMs = await this.#leasing;
      if (this.#lease?.take(Date.now())) return this.#left();
      if (retryAfterMs !== undefined) throw new RateLimited(rule, retryAfterMs);
    }
  }

  /** Returns when to try again where nothing was granted. */
  async #renew(): Promise<number | undefined> {
    const askedMs = Date.now();
    const leased = await this.#options.lease(this.#lease?.report(askedMs));
    this.#lease = undefined;
    if ("retryAfterMs" in leased) return leased.retryAfterMs;
    this.#lease = new Lease(leased, askedMs, this.#options.leaseMs);
    this.#remaining = leased.remaining;
    return undefined;
  }

  #left(): number {
    return this.#remaining + (this.#lease?.left ?? 0);
  }
}
