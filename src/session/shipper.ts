import type { ShippingTimes } from "../config.ts";
import type { HomeDoor, LeaseReport, ShippingSession } from "../mcp/doors/home-door.ts";
import type { Calls } from "../stores/calls.ts";

/** How many calls travel at once. */
const BATCH = 50;

/** What a {@link Shipper} is made of. */
export interface ShipperOptions {
  readonly calls: Calls;
  /** Who ships, and where to; `undefined` for a session that has nothing to remember. */
  describe(): { readonly session: ShippingSession; readonly home: HomeDoor } | undefined;
  /** When leased permits were used, if the lease has ended. */
  reportEnded(): LeaseReport | undefined;
  /** Sees to it that {@link Shipper.ship} runs at a time, also if the object is lost before. */
  wakeAt(atMs: number): void;
}

/** Brings the calls of a session to its principal's home: in batches, at least once, the newest state last. */
export class Shipper {
  readonly #options: ShipperOptions;
  readonly #times: ShippingTimes;
  #isArmed = false;
  #shipping: Promise<void> | undefined;

  constructor(options: ShipperOptions, times: ShippingTimes) {
    this.#options = options;
    this.#times = times;
  }

  /** A call was recorded or settled. The timer is set once per burst. */
  noticed(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    this.#options.wakeAt(Date.now() + this.#times.delayMs);
  }

  /** Ships all that home does not have. @throws if home cannot be reached. */
  async ship(): Promise<void> {
    // One at a time; who comes later waits for one that began after what it wants shipped was recorded.
    await this.#shipping?.catch(() => {});
    this.#shipping ??= this.#shipAll().finally(() => {
      this.#shipping = undefined;
    });
    await this.#shipping;
  }

  /** Ships when the alarm says so. Returns when to come again; `undefined` if nothing is left to ship. Never throws. */
  async shipDue(): Promise<number | undefined> {
    const retryMs = Date.now() + this.#times.retryMs;
    try {
      await this.ship();
    } catch (error) {
      console.error(JSON.stringify({ level: "error", event: "shipping_failed", error: String(error) }));
      return retryMs;
    }
    if (this.#isArmed) return Date.now() + this.#times.delayMs;
    return this.#options.calls.hasUnsettled ? retryMs : undefined;
  }

  async #shipAll(): Promise<void> {
    const { calls, describe, reportEnded } = this.#options;
    this.#isArmed = false;
    for (;;) {
      const batch = calls.unshipped(BATCH);
      const described = describe();
      // Home is told of the end of a session that has nothing more to ship, too.
      if (!described || (batch.length === 0 && described.session.endedMs === undefined)) return;
      await described.home.ship(described.session, batch, reportEnded());
      if (batch.length === 0) return;
      calls.markShipped(batch);
    }
  }
}
