import { expect, it } from "vitest";
import { DEFAULTS } from "../../../src/config.ts";
import type { HomeLink } from "../../../src/session/home-link.ts";
import { type SweptSession, sweepSession } from "../../../src/session/sweep-session.ts";

/** A session whose id has expired, and which ships again at a time, if at all. */
const expired = (shipMs: number | undefined, endedMs?: number): SweptSession => ({
  link: {
    record: { facts: { home: "home", client: "test/1", issuedMs: 0, expiresMs: 1 } },
    shipper: { shipDue: async () => shipMs },
    calls: { lastMs: 1, dropShipped() {} }
  } as unknown as HomeLink,
  events: { sweep: () => undefined } as unknown as SweptSession["events"],
  endedMs,
  hasSockets: () => false
});

it.each([
  ["has expired", undefined],
  ["was ended and has expired", 1]
])("keeps a session that %s while home has a call of it unsettled, as one that goes on without its client", async (_, endedMs) => {
  const againMs = Date.now() + DEFAULTS.shipping.retryMs;
  expect(await sweepSession(expired(againMs, endedMs))).toBe(againMs);
  expect(await sweepSession(expired(undefined, endedMs))).toBeUndefined(); // the control
});
