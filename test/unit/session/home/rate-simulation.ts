import type { RateRule } from "../../../../src/mcp/calls/rate-limited.ts";
import type { Grant } from "../../../../src/mcp/doors/home-door.ts";
import type { LeaseRequest, NoPermit, RateState } from "../../../../src/session/home/rate-limit.ts";
import { Lease } from "../../../../src/session/lease.ts";

/** What a history is played on. */
export interface Ledger {
  readonly state: RateState;
  lease(nowMs: number, request: LeaseRequest): Grant | NoPermit;
  take(nowMs: number): NoPermit | undefined;
}

export interface Simulated {
  readonly random: () => number;
  readonly createLedger: (rule: RateRule, state?: RateState) => Ledger;
  /** A Home that stores nothing. */
  readonly forgetsAtRestart?: boolean;
  /** Sessions whose leases begin when the answer has come, not when they asked. */
  readonly countsFromAnswer?: boolean;
}

export interface History {
  readonly rule: RateRule;
  /** When a permit was used, by the one true clock. */
  readonly usesMs: readonly number[];
  readonly refusals: readonly { rule: RateRule; state: RateState; nowMs: number; retryAfterMs: number }[];
  /** The most entries that a stored state held. */
  readonly mostStored: number;
}

const LEASE_MS = 200;
const DURATION_MS = 4000;

/** Plays one random history: two sessions with clocks of their own and Home, over a network that delays, loses and repeats. */
export function simulate({ random, createLedger, forgetsAtRestart = false, countsFromAnswer = false }: Simulated): History {
  const upTo = (limit: number): number => Math.floor(random() * limit);
  const chance = (share: number): boolean => random() < share;
  const rule = { limit: 1 + upTo(12), windowMs: 1000 };
  const usesMs: number[] = [];
  const refusals: { rule: RateRule; state: RateState; nowMs: number; retryAfterMs: number }[] = [];
  let mostStored = 0;

  const due: { atMs: number; act: (nowMs: number) => void }[] = [];
  const at = (atMs: number, act: (nowMs: number) => void): void => void due.push({ atMs, act });

  let ledger = createLedger(rule);
  let stored: string | undefined;
  const restart = (): void => {
    ledger = createLedger(rule, stored === undefined || forgetsAtRestart ? undefined : (JSON.parse(stored) as RateState));
  };
  /** Lets an answer of Home out when its state is stored, or ends Home before. */
  const letOut = <T extends object | undefined>(nowMs: number, answer: T): { answer: T } | undefined => {
    if (chance(0.03)) return void restart();
    stored = JSON.stringify(ledger.state);
    mostStored = Math.max(mostStored, ledger.state.usesMs.length + ledger.state.leases.length);
    if (answer && "retryAfterMs" in answer) {
      const { retryAfterMs } = answer as NoPermit;
      refusals.push({ rule, state: JSON.parse(stored) as RateState, nowMs, retryAfterMs });
    }
    return { answer };
  };

  const createSession = () => {
    const offsetMs = upTo(20_000) - 10_000;
    let lease: Lease | undefined;
    let asking = 0;
    let isAsking = false;

    const use = (nowMs: number, calls: number): void => {
      for (let i = 0; i < calls; i++) {
        if (!lease?.take(nowMs + offsetMs)) return void (isAsking || ask(nowMs));
        usesMs.push(nowMs);
      }
    };
    const ask = (nowMs: number): void => {
      const ours = ++asking;
      isAsking = true;
      const askedMs = nowMs + offsetMs;
      const request = { leaseMs: LEASE_MS, ...(lease && { report: lease.report(askedMs) }) };
      at(nowMs + 1000, () => {
        if (asking === ours) isAsking = false; // it gives up, and reports the same lease the next time
      });
      const deliver = (arrivedMs: number): void => {
        const out = letOut(arrivedMs, ledger.lease(arrivedMs, request));
        if (!out || chance(0.1)) return;
        at(arrivedMs + upTo(150), (nowMs) => {
          if (asking !== ours || !isAsking) return;
          isAsking = false;
          if (!("permits" in out.answer)) return;
          lease = new Lease(out.answer, countsFromAnswer ? nowMs + offsetMs : askedMs, LEASE_MS);
          use(nowMs, upTo(rule.limit));
        });
      };
      if (!chance(0.1)) at(nowMs + upTo(150), deliver);
      if (chance(0.1)) at(nowMs + upTo(600), deliver);
    };
    const forget = (): void => {
      lease = undefined;
      asking++;
      isAsking = false;
    };
    return { use, forget };
  };

  for (const session of [createSession(), createSession()]) {
    const everyMs = 20 + upTo(200);
    for (let atMs = 0; atMs < DURATION_MS; atMs += upTo(2 * everyMs)) at(atMs, (nowMs) => session.use(nowMs, 1 + upTo(4)));
    if (chance(0.5)) at(upTo(DURATION_MS), session.forget);
  }
  const directEveryMs = 50 + upTo(2000);
  for (let atMs = upTo(directEveryMs); atMs < DURATION_MS; atMs += 1 + upTo(2 * directEveryMs)) {
    at(atMs, (nowMs) => {
      const out = letOut(nowMs, ledger.take(nowMs));
      if (out && !out.answer) usesMs.push(nowMs);
    });
  }
  if (chance(0.5)) at(upTo(DURATION_MS), restart);

  while (due.length > 0) {
    const next = due.reduce((first, one) => (one.atMs < first.atMs ? one : first));
    due.splice(due.indexOf(next), 1);
    next.act(next.atMs);
  }
  return { rule, usesMs, refusals, mostStored };
}

/** How many uses the fullest window holds, of all windows there are. */
export function mostInAnyWindow(usesMs: readonly number[], { windowMs }: RateRule): number {
  const sorted = [...usesMs].sort((one, other) => one - other);
  return Math.max(0, ...sorted.map((lastMs) => sorted.filter((usedMs) => usedMs > lastMs - windowMs && usedMs <= lastMs).length));
}

/** A ledger that counts the permits of a lease as used when they are granted. */
export const grantTimeOnly = createNaive((usedMs, nowMs, windowMs) => usedMs > nowMs - windowMs);

/** A ledger that starts over with each window of the clock. */
export const fixedWindows = createNaive((usedMs, nowMs, windowMs) => Math.floor(usedMs / windowMs) === Math.floor(nowMs / windowMs));

function createNaive(isCounted: (usedMs: number, nowMs: number, windowMs: number) => boolean): Simulated["createLedger"] {
  return ({ limit, windowMs }, state) => {
    let usesMs = state?.usesMs ?? [];
    const grant = (nowMs: number, most: number): number => {
      usesMs = usesMs.filter((usedMs) => isCounted(usedMs, nowMs, windowMs));
      const permits = Math.min(most, limit - usesMs.length);
      usesMs = [...usesMs, ...Array.from({ length: permits }, () => nowMs)];
      return permits;
    };
    return {
      get state() {
        return { leases: [], granted: 0, usesMs };
      },
      lease(nowMs, { leaseMs }) {
        const permits = grant(nowMs, Math.max(1, Math.floor(limit / 4)));
        return permits > 0 ? { leaseId: "", permits, untilMs: nowMs + leaseMs } : { retryAfterMs: windowMs };
      },
      take: (nowMs) => (grant(nowMs, 1) > 0 ? undefined : { retryAfterMs: windowMs })
    };
  };
}
