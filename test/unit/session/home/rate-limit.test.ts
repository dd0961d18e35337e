import { describe, expect, it } from "vitest";
import type { Grant } from "../../../../src/mcp/doors/home-door.ts";
import { type NoPermit, RateLedger, type RateState } from "../../../../src/session/home/rate-limit.ts";
import { Lease } from "../../../../src/session/lease.ts";
import { createRandom } from "../../random.ts";
import { fixedWindows, grantTimeOnly, mostInAnyWindow, type Simulated, simulate } from "./rate-simulation.ts";

const RULE = { limit: 60, windowMs: 60_000 };
const LEASE_MS = 5000;

const granted = (answer: Grant | NoPermit): Grant => {
  if ("permits" in answer) return answer;
  throw new Error(`No permit for ${answer.retryAfterMs} ms`);
};

/** A session that nothing delays: how often it may call at one moment. */
function callAtOnce(ledger: RateLedger, nowMs: number): { uses: number; refused: NoPermit } {
  let lease: Lease | undefined;
  for (let uses = 0; ; ) {
    while (lease?.take(nowMs)) uses++;
    const answer = ledger.lease(nowMs, { leaseMs: LEASE_MS, ...(lease && { report: lease.report(nowMs) }) });
    if (!("permits" in answer)) return { uses, refused: answer };
    lease = new Lease(answer, nowMs, LEASE_MS);
  }
}

describe("a session alone", () => {
  it("gets the whole limit at once, and again exactly one window later", () => {
    const ledger = new RateLedger(RULE);
    expect(callAtOnce(ledger, 1000)).toEqual({ uses: 60, refused: { retryAfterMs: 60_000 } });
    expect(callAtOnce(ledger, 60_999)).toEqual({ uses: 0, refused: { retryAfterMs: 1 } });
    expect(callAtOnce(ledger, 61_000)).toEqual({ uses: 60, refused: { retryAfterMs: 60_000 } });
  });

  it("gets the whole limit over a window however slowly it asks", () => {
    const ledger = new RateLedger(RULE);
    let lease: Lease | undefined;
    for (let nowMs = 0; nowMs < 180_000; nowMs += 1000) {
      if (lease?.take(nowMs)) continue;
      lease = new Lease(
        granted(ledger.lease(nowMs, { leaseMs: LEASE_MS, ...(lease && { report: lease.report(nowMs) }) })),
        nowMs,
        LEASE_MS
      );
      expect(lease.take(nowMs)).toBe(true);
    }
  });

  it("gets the whole limit where it is less than four", () => {
    expect(callAtOnce(new RateLedger({ limit: 3, windowMs: 1000 }), 0).uses).toBe(3);
  });
});

describe("the ledger", () => {
  /** A session that uses every permit that it gets, and asks again; `times` of its leases, the last one open. */
  const leaseOften = (ledger: RateLedger, times: number, nowMs = 0): Grant[] => {
    const leases: Grant[] = [];
    for (let lease: Lease | undefined; leases.length < times; ) {
      const report = lease?.report(nowMs);
      const grant = granted(ledger.lease(nowMs, { leaseMs: LEASE_MS, ...(report && { report }) }));
      leases.push(grant);
      lease = new Lease(grant, nowMs, LEASE_MS);
      while (lease.take(nowMs));
    }
    return leases;
  };

  it("leases one permit, then four times what was used, a quarter at most, and no more than is free", () => {
    const permits = (leases: readonly Grant[]) => leases.map((lease) => lease.permits);
    expect(permits(leaseOften(new RateLedger(RULE), 6))).toEqual([1, 4, 15, 15, 15, 10]);
    expect(permits(leaseOften(new RateLedger({ limit: 10, windowMs: 10_000 }), 6))).toEqual([1, 2, 2, 2, 2, 1]);
    const ledger = new RateLedger(RULE);
    const { leaseId } = granted(ledger.lease(0, { leaseMs: LEASE_MS }));
    expect(granted(ledger.lease(0, { leaseMs: LEASE_MS, report: { leaseId, agesMs: [] } })).permits).toBe(1);
  });

  it("lets as many sessions call once as there are permits", () => {
    const ledger = new RateLedger(RULE);
    const answers = Array.from({ length: 61 }, () => ledger.lease(0, { leaseMs: LEASE_MS }));
    expect(answers.map((answer) => ("permits" in answer ? answer.permits : 0))).toEqual([...Array.from({ length: 60 }, () => 1), 0]);
  });

  it("counts a lease in full at its end when nobody reports it", () => {
    const ledger = new RateLedger({ limit: 4, windowMs: 60_000 });
    for (let i = 0; i < 4; i++) ledger.lease(0, { leaseMs: LEASE_MS });
    expect(ledger.take(10_000)).toEqual({ retryAfterMs: 55_000 });
    expect([ledger.remaining(64_999), ledger.remaining(65_000)]).toEqual([0, 4]);
  });

  it("gives back what a lease did not use, also when it is told after the lease's end", () => {
    const ledger = new RateLedger(RULE);
    const [, , { leaseId } = { leaseId: "" }] = leaseOften(ledger, 3);
    expect(ledger.remaining(30_000)).toBe(60 - 1 - 4 - 15);
    expect(granted(ledger.lease(30_000, { leaseMs: LEASE_MS, report: { leaseId, agesMs: [30_000] } })).permits).toBe(4);
    expect(ledger.remaining(30_000)).toBe(60 - 1 - 4 - 1 - 4);
  });

  it("does not count a use that had left the window when it was reported", () => {
    const ledger = new RateLedger({ limit: 1, windowMs: 1000 });
    const { leaseId } = granted(ledger.lease(0, { leaseMs: 200 }));
    expect(granted(ledger.lease(1100, { leaseMs: 200, report: { leaseId, agesMs: [1050] } })).permits).toBe(1);
  });

  it("does not believe a report that came before, or says more than was leased", () => {
    const ledger = new RateLedger(RULE);
    const [, , { leaseId } = { leaseId: "" }] = leaseOften(ledger, 3);
    const tell = (agesMs: readonly number[]) => {
      ledger.report(0, { leaseId, agesMs });
      return ledger.remaining(0);
    };
    expect(tell(Array.from({ length: 16 }, () => 0))).toBe(40);
    expect(tell([0, 0])).toBe(60 - 5 - 2);
    expect(tell([])).toBe(60 - 5 - 2);
  });

  it("takes a reported use for made within its lease, whatever the session's clock says", () => {
    for (const [ageMs, usedMs] of [
      [-1e9, 2000],
      [1e9, 1000],
      [400, 1600]
    ] as const) {
      const ledger = new RateLedger({ limit: 1, windowMs: 60_000 });
      const { leaseId } = granted(ledger.lease(1000, { leaseMs: LEASE_MS }));
      expect(ledger.lease(2000, { leaseMs: LEASE_MS, report: { leaseId, agesMs: [ageMs] } })).toEqual({ retryAfterMs: usedMs + 58_000 });
    }
  });

  it("goes on from what was stored", () => {
    const before = new RateLedger(RULE);
    before.take(0);
    const { leaseId } = granted(before.lease(10, { leaseMs: LEASE_MS }));
    const after = new RateLedger(RULE, JSON.parse(JSON.stringify(before.state)) as RateState);
    expect(after.remaining(20)).toBe(58);
    expect(granted(after.lease(20, { leaseMs: LEASE_MS, report: { leaseId, agesMs: [] } })).leaseId).not.toBe(leaseId);
    expect(after.remaining(20)).toBe(58);
  });

  it("counts on when its clock goes back", () => {
    const ledger = new RateLedger({ limit: 2, windowMs: 1000 });
    ledger.take(5000);
    ledger.take(4000);
    expect(ledger.take(4500)).toEqual({ retryAfterMs: 1500 });
    expect(ledger.take(6000)).toBeUndefined();
  });

  it("says when a permit is free under a limit that was lowered", () => {
    const before = new RateLedger({ limit: 4, windowMs: 1000 });
    for (const nowMs of [0, 100, 200, 300]) before.take(nowMs);
    expect(new RateLedger({ limit: 2, windowMs: 1000 }, before.state).take(400)).toEqual({ retryAfterMs: 800 });
  });
});

describe("Lease", () => {
  const grant = { leaseId: "1", permits: 2, untilMs: 1e9 };

  it("gives its permits, and no more", () => {
    const lease = new Lease(grant, 0, LEASE_MS);
    expect([lease.take(0), lease.take(1), lease.take(2)]).toEqual([true, true, false]);
  });

  it("ends its time after it was asked for, not after it was granted", () => {
    const lease = new Lease(grant, 1000, LEASE_MS);
    expect([lease.take(5999), lease.take(6000), lease.take(5999)]).toEqual([true, false, false]);
  });

  it("ends when the clock goes back", () => {
    const lease = new Lease(grant, 1000, LEASE_MS);
    expect([lease.take(2000), lease.take(1999), lease.take(2000)]).toEqual([true, false, false]);
  });

  it("ends when it is reported, and says the same again", () => {
    const lease = new Lease(grant, 0, LEASE_MS);
    lease.take(10);
    expect(lease.report(100)).toEqual({ leaseId: "1", agesMs: [90] });
    expect(lease.take(100)).toBe(false);
    expect(lease.report(150)).toEqual({ leaseId: "1", agesMs: [140] });
  });
});

describe("over thousands of histories of two sessions and Home", () => {
  const ROUNDS = 2000;
  const run = (differs: Partial<Simulated> = {}) =>
    Array.from({ length: ROUNDS }, (_, seed) => {
      const simulated: Simulated = { random: createRandom(seed), createLedger: (rule, state) => new RateLedger(rule, state), ...differs };
      return simulate(simulated);
    });
  const worstOf = (histories: ReturnType<typeof run>) =>
    Math.max(...histories.map(({ usesMs, rule }) => mostInAnyWindow(usesMs, rule) - rule.limit));

  it("no window holds more than the limit, the limit is reached, and the state stays small", () => {
    const histories = run();
    expect(worstOf(histories)).toBe(0);
    expect(Math.max(...histories.map(({ mostStored, rule }) => mostStored - rule.limit))).toBe(0);
  });

  it("a refusal says exactly when a permit is free if nobody else asks", () => {
    const refusals = run().flatMap(({ refusals }) => refusals);
    expect(refusals.length).toBeGreaterThan(ROUNDS);
    const outcomes = refusals.map(({ rule, state, nowMs, retryAfterMs }) => [
      new RateLedger(rule, state).take(nowMs + retryAfterMs - 1) === undefined,
      new RateLedger(rule, state).take(nowMs + retryAfterMs) === undefined
    ]);
    expect(outcomes.filter(([isEarly, isFree]) => isEarly || !isFree)).toEqual([]);
  });

  // The controls: each leaves out one thing that the proof needs, and the same histories must find it.
  it.each<[string, Partial<Simulated>]>([
    ["counts a lease when it is granted only", { createLedger: grantTimeOnly }],
    ["counts in fixed windows", { createLedger: fixedWindows }],
    ["forgets what it granted when it restarts", { forgetsAtRestart: true }],
    ["believes a session that counts its lease from the answer", { countsFromAnswer: true }]
  ])("a ledger that %s lets too many through", (_, differs) => {
    expect(worstOf(run(differs))).toBeGreaterThan(0);
  });
});
