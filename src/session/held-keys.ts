import type { KeyClaim, KeyGrant } from "../mcp/doors/home-door.ts";
import type { Claim, KeyedCall, KeyedOutcome, Keys } from "../mcp/idempotency.ts";

/** Where keys are kept: home's side, near or over RPC. */
export interface KeyKeeper {
  claimKey(claim: KeyClaim): Promise<KeyGrant>;
  settleKey(key: string, claim: string, outcome: KeyedOutcome): Promise<void>;
  releaseKey(key: string, claim: string): Promise<void>;
}

/**
 * The keys of the calls that one object has in flight, in memory: an object that was lost does not know of them any more, and so
 * home learns that nobody will ever tell how they ended.
 */
export class HeldKeys implements Keys {
  readonly #keeper: () => KeyKeeper;
  readonly #holder: () => string;
  readonly #held = new Set<string>();

  /** @param holder gives the name of this object, without the prefix. */
  constructor(keeper: () => KeyKeeper, holder: () => string) {
    this.#keeper = keeper;
    this.#holder = holder;
  }

  /** Whether an attempt goes on here. */
  has(claim: string): boolean {
    return this.#held.has(claim);
  }

  async claim({ key, digest }: KeyedCall): Promise<Claim> {
    const keeper = this.#keeper();
    const claim = crypto.randomUUID();
    this.#held.add(claim); // before it is granted: home may be asked about it in the same moment
    let isFirst = false;
    try {
      const granted = await keeper.claimKey({ key, digest, claim, holder: this.#holder() });
      isFirst = granted.state === "first";
      if (granted.state !== "first") return granted;
      return {
        state: "first",
        settle: (outcome) => this.#giveBack(claim, keeper.settleKey(key, claim, outcome)),
        release: () => this.#giveBack(claim, keeper.releaseKey(key, claim))
      };
    } finally {
      if (!isFirst) this.#held.delete(claim);
    }
  }

  async #giveBack(claim: string, done: Promise<void>): Promise<void> {
    try {
      await done;
    } finally {
      this.#held.delete(claim);
    }
  }
}
