import { Waiting } from "../../lib/waiting.ts";
import type { KeyClaim, KeyGrant } from "../../mcp/doors/home-door.ts";
import type { KeyedOutcome } from "../../mcp/idempotency.ts";
import type { Keyring } from "../../mcp/signed/keyring.ts";
import { seal, unseal } from "../../mcp/signed/seal.ts";
import type { IdempotencyKeys, KeyRow } from "../../stores/idempotency-keys.ts";

/** What a {@link KeyDesk} is made of. */
export interface KeyDeskOptions {
  readonly keys: IdempotencyKeys;
  readonly keyring: () => Keyring;
  /** For how long a key stands for its call, milliseconds. */
  readonly ttlMs: number;
  /** For how long a repetition waits for the end of the first, milliseconds. */
  readonly waitMs: number;
  /** Asks the object of an attempt whether it is still at it. One that was lost does not know of it. */
  isHeld(holder: string, claim: string): Promise<boolean>;
}

/** How often the object of an attempt that others wait for is asked whether it is still at it, milliseconds. */
const LOOK_MS = 1000;

/** Gives each idempotency key to one call, and tells every repetition what became of it. */
export class KeyDesk {
  readonly #options: KeyDeskOptions;
  /** Those who wait for the end of a call, by its key. */
  readonly #waiting = new Waiting<string>();

  constructor(options: KeyDeskOptions) {
    this.#options = options;
  }

  /** The first to ask has the key, durably, before it is told so. */
  async claim({ key, digest, claim, holder }: KeyClaim): Promise<KeyGrant> {
    const { keys, ttlMs, waitMs, isHeld } = this.#options;
    const untilMs = Date.now() + waitMs;
    for (;;) {
      const row = keys.get(key);
      if (!row) {
        keys.claim({ key, digest, claim, holder, expiresMs: Date.now() + ttlMs });
        return { state: "first" };
      }
      if (row.digest !== digest) return { state: "taken" };
      if (row.state === "settled") return this.#open(row);
      if (row.state === "unknown") return { state: "unknown" };
      if (!(await isHeld(row.holder, row.claim))) keys.lose(key, row.claim);
      else if (Date.now() >= untilMs) return { state: "running" };
      else await this.#waiting.change(key, Math.min(LOOK_MS, untilMs - Date.now()));
    }
  }

  settle(key: string, claim: string, outcome: KeyedOutcome): void {
    this.#options.keys.settle(key, claim, seal(this.#options.keyring(), PURPOSE, JSON.stringify(outcome)));
    this.#waiting.tell(key);
  }

  release(key: string, claim: string): void {
    this.#options.keys.release(key, claim);
    this.#waiting.tell(key);
  }

  /** What was sealed under a secret that is gone cannot be shown again, and must not be done again. */
  #open({ outcome }: KeyRow): KeyGrant {
    const opened = outcome === undefined ? undefined : unseal(this.#options.keyring(), PURPOSE, outcome);
    return opened === undefined ? { state: "unknown" } : { state: "settled", outcome: JSON.parse(opened) as KeyedOutcome };
  }
}

const PURPOSE = "idempotency";
