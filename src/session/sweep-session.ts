import { DEFAULTS } from "../config.ts";
import type { Events } from "../stores/events.ts";
import type { HomeLink } from "./home-link.ts";

/** What {@link sweepSession} looks at. */
export interface SweptSession {
  readonly link: HomeLink;
  readonly events: Events;
  /** When the session was ended. */
  readonly endedMs: number | undefined;
  /** Whether somebody holds a socket to it. */
  hasSockets(): boolean;
}

/**
 * Ships what is due and deletes what nobody came back for. Returns when the object is needed next, milliseconds since the epoch;
 * `undefined` once its id has expired, or long after its last call: home has everything then.
 */
export async function sweepSession({ link, events, endedMs, hasSockets }: SweptSession): Promise<number | undefined> {
  const { facts } = link.record;
  if (!facts) return undefined; // nothing was stored but the mark of its end
  const shipMs = await link.shipper.shipDue();
  const nowMs = Date.now();
  const eventsMs = events.sweep();
  if (shipMs !== undefined) return Math.min(shipMs, eventsMs ?? shipMs);
  if (nowMs >= facts.expiresMs) return undefined;
  if (endedMs !== undefined) {
    link.calls.dropShipped();
    return facts.expiresMs;
  }
  const idleMs = Math.max(link.calls.lastMs ?? 0, facts.issuedMs) + DEFAULTS.sessionIdleMs;
  if (nowMs < idleMs) return Math.min(idleMs, eventsMs ?? idleMs, facts.expiresMs);
  // Whoever holds a socket has a level and subscriptions here; nobody else would miss them.
  return hasSockets() ? Math.min(nowMs + DEFAULTS.sessionIdleMs, facts.expiresMs) : undefined;
}
