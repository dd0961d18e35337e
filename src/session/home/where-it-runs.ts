import type { SessionDoor } from "../../mcp/doors/home-door.ts";
import type { AtWork, RunningCalls } from "../../mcp/running-calls.ts";
import type { Handle } from "../../mcp/signed/handle.ts";
import type { HomeSessions } from "../../stores/home-sessions.ts";

/** Where the calls of a principal run: in home itself, and in the objects of sessions. */
export interface Runners {
  /** The short name of home itself. */
  readonly own: string;
  readonly running: RunningCalls;
  readonly sessions: Pick<HomeSessions, "get">;
  sessionDoor(name: string): Pick<SessionDoor, "watchCall" | "stopCall">;
}

/** Waits where a call runs until it has ended, at most so long; tells how far it is, or that nobody is at it any more. */
export async function watchWhereItRuns(
  { own, running, sessions, sessionDoor }: Runners,
  { owner, seq }: Handle,
  waitMs: number
): Promise<Partial<AtWork> & { readonly isLost: boolean }> {
  const name = sessions.get(owner)?.name;
  try {
    const watched = owner === own ? running.watch(seq, waitMs) : name === undefined ? undefined : sessionDoor(name).watchCall(seq, waitMs);
    const atWork = await watched;
    return atWork ? { progress: atWork.progress, isLost: false } : { isLost: true };
  } catch (error) {
    // An object that breaks off while it is asked: who asks again is told what became of the call.
    logUnreached(owner, error);
    return { isLost: false };
  }
}

/** Tells a call to stop where it runs; `false` where nobody is at it. */
export async function stopWhereItRuns({ own, running, sessions, sessionDoor }: Runners, { owner, seq }: Handle): Promise<boolean> {
  if (owner === own) return running.stop(seq);
  const name = sessions.get(owner)?.name;
  if (name === undefined) return false;
  try {
    return await sessionDoor(name).stopCall(seq);
  } catch (error) {
    // An object that broke off is another one when it is asked again, which is at nothing.
    logUnreached(owner, error);
    return sessionDoor(name).stopCall(seq);
  }
}

function logUnreached(session: string, error: unknown): void {
  console.error(JSON.stringify({ level: "error", event: "session_not_reached", session, error: String(error) }));
}
