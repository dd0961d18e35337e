import { DEFAULTS } from "../../config.ts";
import { titleOfAnswer } from "../../mcp/calls/keep-whole.ts";
import type { Asker, SessionDoor, ShippingSession } from "../../mcp/doors/home-door.ts";
import { NotFound } from "../../mcp/errors.ts";
import type {
  Activity,
  Call,
  CallFilter,
  CallPage,
  CallQuery,
  CallSelection,
  CallWatch,
  Deletion,
  History,
  RecordedCall,
  RecordedSession,
  Usage,
  WatchedCall
} from "../../mcp/history.ts";
import type { ResultKeeper } from "../../mcp/results.ts";
import type { RunningCalls } from "../../mcp/running-calls.ts";
import { firstNumberAt } from "../../mcp/signed/call-number.ts";
import { type Handle, mintHandle, mintSessionHandle, ownerRef, readHandle } from "../../mcp/signed/handle.ts";
import type { Keyring } from "../../mcp/signed/keyring.ts";
import { isOpen } from "../../stores/call-row.ts";
import type { DeletedCall, HomeCall, HomeCalls } from "../../stores/home-calls.ts";
import type { HomeSession, HomeSessions } from "../../stores/home-sessions.ts";
import { stopWhereItRuns, watchWhereItRuns } from "./where-it-runs.ts";

/** What the history of a principal is made of. */
export interface HomeHistoryOptions {
  readonly calls: HomeCalls;
  readonly sessions: HomeSessions;
  readonly keyring: Keyring;
  /** The short name of home itself, under which the calls of the stateless era stand. */
  readonly own: string;
  /** The calls that home itself runs. */
  readonly running: RunningCalls;
  readonly results: Pick<ResultKeeper, "get" | "remove">;
  /** How much home stores, bytes. */
  sizeBytes(): number;
  /** The object of a session. */
  sessionDoor(name: string): SessionDoor;
}

/** More than this many calls are deleted by more than one deletion: each holds the object for a moment. */
const MAX_DELETED = 5000;

/** Takes over what a session ships. Settled calls are never replaced by unsettled ones, nor do deleted ones come back. */
export function takeShipment(
  { calls, sessions }: Pick<HomeHistoryOptions, "calls" | "sessions">,
  session: ShippingSession,
  shipped: readonly Call[]
): void {
  const ref = ownerRef(session.name);
  const known = sessions.get(ref);
  const endedMs = known?.endedMs ?? session.endedMs;
  if (shipped.length === 0) {
    if (known && endedMs !== known.endedMs) sessions.put({ ...known, endedMs });
    return;
  }
  const through = known?.shippedThrough ?? 0;
  const added = shipped.filter(({ seq }) => seq > through);
  const starts = shipped.map(({ startedMs }) => startedMs);
  calls.take(ref, shipped, through);
  sessions.put({
    ...session,
    ref,
    firstMs: Math.min(known?.firstMs ?? Number.POSITIVE_INFINITY, ...starts),
    lastMs: Math.max(known?.lastMs ?? 0, ...starts),
    calls: (known?.calls ?? 0) + added.length,
    shippedThrough: Math.max(through, ...shipped.map(({ seq }) => seq)),
    endedMs
  });
}

/** Between which numbers the calls of a session lie: none was recorded before the first started. */
const numbersOf = (session: HomeSession | undefined): [number, number] =>
  session ? [firstNumberAt(session.firstMs), session.shippedThrough] : [0, 0];

/** The history of a principal, as whoever asks sees it. */
export function createHomeHistory(options: HomeHistoryOptions, { principalId, session: asking }: Asker): History {
  const { calls, sessions, keyring, own, results, sizeBytes, sessionDoor } = options;

  const toRecorded = ({ seq, session, ...call }: HomeCall): RecordedCall => ({
    ...call,
    call: mintHandle(keyring, principalId, { kind: "call", owner: session, seq }),
    session: session === own ? undefined : mintSessionHandle(keyring, principalId, session)
  });

  const toStored = <F extends CallFilter>({ session, ...filter }: F) => {
    const ref = refOf(session);
    return { ...filter, session: ref, numbers: ref === undefined || ref === own ? undefined : numbersOf(sessions.get(ref)) };
  };

  /** The short name of the session that a filter means; `undefined` for all. */
  const refOf = (session: string | undefined): string | undefined => {
    if (session === undefined || session === "all") return undefined;
    return session === "this" ? asking : findSession(session).ref;
  };

  const findSession = (handle: string): HomeSession => {
    const read = readHandle(keyring, principalId, handle);
    const found = read?.kind === "ses" ? sessions.get(read.owner) : undefined;
    if (!found) throw new NotFound(`No session of yours has the handle ${handle}. Use list_sessions to find the right one.`);
    return found;
  };

  const toPositions = (handles: readonly string[]) =>
    handles.flatMap((text) => {
      const handle = readHandle(keyring, principalId, text);
      return handle?.kind === "call" ? [{ session: handle.owner, seq: handle.seq }] : [];
    });

  const find = (text: string): [] | [Handle, HomeCall | undefined] => {
    const handle = readHandle(keyring, principalId, text);
    return handle?.kind === "call" ? [handle, calls.get(handle.owner, handle.seq)] : [];
  };

  return {
    async list(query: CallQuery): Promise<CallPage> {
      const page = calls.list(toStored(query));
      return { calls: page.calls.map(toRecorded), nextCursor: page.nextCursor };
    },

    async get(text: string): Promise<RecordedCall | undefined> {
      const [, call] = find(text);
      return call && toRecorded(call);
    },

    async watch({ call: text, waitMs }: CallWatch): Promise<WatchedCall | undefined> {
      const [handle, known] = find(text);
      if (!handle || !known || !isOpen(known)) return known && toRecorded(known);
      const { progress, isLost } = await watchWhereItRuns(options, handle, waitMs);
      const call = calls.get(handle.owner, handle.seq);
      if (!call) return undefined; // deleted meanwhile
      return { ...toRecorded(isLost && isOpen(call) ? { ...call, outcome: "unknown" } : call), progress };
    },

    async stop(text: string): Promise<boolean> {
      const [handle, known] = find(text);
      return handle !== undefined && known !== undefined && isOpen(known) && stopWhereItRuns(options, handle);
    },

    async summarize(filter: CallFilter): Promise<Activity> {
      return calls.summarize(toStored(filter));
    },

    async delete(selection: CallSelection): Promise<Deletion> {
      const wanted = "calls" in selection ? toPositions(selection.calls) : toStored(selection);
      const deleted = calls.delete(wanted, MAX_DELETED);
      for (const call of deleted) await removeAnswer(results, call);
      // A session keeps its copy until it is purged, and must not keep what its principal deleted.
      const bySession = Map.groupBy(deleted, ({ session }) => session);
      for (const [ref, positions] of bySession) {
        const session = ref === own ? undefined : sessions.get(ref);
        const dropped = session && sessionDoor(session.name).dropCalls(positions.map(({ seq }) => seq));
        await dropped?.catch((error: unknown) =>
          console.error(JSON.stringify({ level: "error", event: "calls_not_dropped", session: ref, error: String(error) }))
        );
      }
      return { deleted: deleted.length, hasMore: deleted.length === MAX_DELETED };
    },

    async sessions(limit: number): Promise<readonly RecordedSession[]> {
      return sessions.list(limit).map(({ ref, client, firstMs, lastMs, calls: count, endedMs }) => ({
        ...{ client, firstMs, lastMs, calls: count, endedMs },
        session: mintSessionHandle(keyring, principalId, ref),
        isThis: ref === asking
      }));
    },

    async endSession(handle: string): Promise<boolean> {
      const session = findSession(handle);
      if (session.endedMs !== undefined) return false;
      const wasOpen = await sessionDoor(session.name).endSession(session.expiresMs);
      const current = sessions.get(session.ref) ?? session; // it may have shipped meanwhile
      sessions.put({ ...current, endedMs: current.endedMs ?? Date.now() });
      return wasOpen;
    },

    async usage(sinceMs: number): Promise<Usage> {
      const { kept, ...counted } = calls.count(sinceMs, DEFAULTS.shipping.delayMs);
      const sessionCount = sessions.count();
      return { ...counted, callsKept: kept, sessions: sessionCount, rows: kept + sessionCount, sizeBytes: sizeBytes() };
    }
  };
}

/** Deletes an answer that was kept whole with its call. Results that a tool made, or another call led to, are the principal's own. */
async function removeAnswer(results: HomeHistoryOptions["results"], { tool, result }: DeletedCall): Promise<void> {
  if (result === undefined) return;
  try {
    const { tool: maker, title } = await results.get(result);
    if (maker === tool && title === titleOfAnswer(tool)) await results.remove(result);
  } catch (error) {
    if (!(error instanceof NotFound)) throw error; // deleted before, or expired
  }
}
