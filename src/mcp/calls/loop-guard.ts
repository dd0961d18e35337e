import { createHash } from "node:crypto";
import { canonicalJson } from "../../lib/canonical-json.ts";
import type { JsonObject } from "../../lib/json.ts";

/** When a call counts as one more turn of a loop. */
export interface LoopLimits {
  /** How many equal calls with equal answers are let through. */
  readonly calls: number;
  readonly windowMs: number;
  /** How many different calls are remembered; the one that was answered longest ago is forgotten first. */
  readonly remembered: number;
}

/** What the guard remembers of one call: hashes and times, never what was said. */
interface Answered {
  readonly answer: string;
  /** When it was answered so, oldest first; at most as many as are let through. */
  readonly timesMs: readonly number[];
}

/**
 * Notices a model that asks the same and gets the same, again and again. It remembers in memory only: an object that slept
 * has broken the loop. Which tools are exempt is its caller's matter.
 */
export class LoopGuard {
  readonly limits: LoopLimits;
  readonly #answered = new Map<string, Answered>();

  constructor(limits: LoopLimits) {
    this.limits = limits;
  }

  /** Names a call by a hash. Equal arguments give equal keys, whatever the order of their members. */
  static keyOf(scope: string, tool: string, args: JsonObject): string {
    return hashOf(JSON.stringify([scope, tool]) + canonicalJson(args));
  }

  /** Tells whether a call may run. A call that may not is not recorded, so it is let through again after the window. */
  check(key: string, nowMs: number): boolean {
    const { calls, windowMs } = this.limits;
    const timesMs = this.#answered.get(key)?.timesMs ?? [];
    const oldestMs = timesMs[0] ?? 0;
    return timesMs.length < calls || nowMs - oldestMs >= windowMs;
  }

  /**
   * Remembers how a call was answered. A different answer starts over.
   * @param answer as the model sees it, but for what differs each time, such as a correlation id.
   */
  record(key: string, answer: string, nowMs: number): void {
    const known = this.#answered.get(key);
    const hash = hashOf(answer);
    const timesMs = known?.answer === hash ? [...known.timesMs, nowMs].slice(-this.limits.calls) : [nowMs];
    this.#answered.delete(key); // so that it stands last: a map keeps the order of insertion
    this.#answered.set(key, { answer: hash, timesMs });
    if (this.#answered.size <= this.limits.remembered) return;
    for (const oldest of this.#answered.keys()) {
      this.#answered.delete(oldest);
      return;
    }
  }
}

const hashOf = (text: string): string => createHash("sha256").update(text).digest("base64");
