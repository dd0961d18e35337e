import { openSession, type WireSession } from "./wire.ts";

/** How a call is answered: with one JSON body, or as the last event of a stream that progress opened. */
export type Mode = "JSON" | "SSE";

/** Many clients that call without a pause. */
export interface Load {
  readonly sessions: readonly LoadedSession[];
  inFlight(): number;
  /** From now on a lost connection ends its client; before, it is a failure of the server. */
  expectLoss(): void;
  /** Settles when every client has lost its connection; rejects with what no kill explains. */
  ended(): Promise<void>;
}

/** A session, and which of its calls were answered to the last byte. */
export interface LoadedSession {
  readonly id: string;
  readonly acknowledged: ReadonlySet<string>;
}

export const SESSIONS = 4;
export const CONNECTIONS = 4;

/** Starts the load: each of the sessions is called on several connections at once, each call with a text of its own. */
export async function startLoad(url: string, mode: Mode): Promise<Load> {
  const sessions = await Promise.all(Array.from({ length: SESSIONS }, () => openSession(url)));
  const state = { inFlight: 0, mayLose: false, mode };
  const clients: Promise<void>[] = [];
  const loaded = sessions.map((session, index) => {
    const acknowledged = new Set<string>();
    for (let connection = 0; connection < CONNECTIONS; connection++) {
      clients.push(callOn(session, `text-${index}-${connection}`, acknowledged, state));
    }
    return { id: session.id, acknowledged };
  });
  const ended = Promise.all(clients).then(() => undefined);
  ended.catch(() => {}); // whoever asks for the end gets it
  return {
    sessions: loaded,
    inFlight: () => state.inFlight,
    ended: () => ended,
    expectLoss() {
      state.mayLose = true;
    }
  };
}

interface LoadState {
  inFlight: number;
  mayLose: boolean;
  readonly mode: Mode;
}

const STEPS = { steps: 2, delayMs: 3 };

async function callOn(session: WireSession, client: string, acknowledged: Set<string>, state: LoadState): Promise<void> {
  const isStreamed = state.mode === "SSE";
  for (let call = 0; ; call++) {
    const text = `${client}-${call}`;
    // In turn a tool whose row is written at its end and one whose row is opened at its beginning.
    const tool = call % 2 === 0 ? "echo" : "echo_detachable";
    state.inFlight++;
    try {
      const { answer, isStream } = await session.call(tool, { text, ...(isStreamed && STEPS) }, { wantsProgress: isStreamed });
      if (answer.result?.structuredContent?.text !== text) throw new WrongAnswer(JSON.stringify(answer));
      if (isStream !== isStreamed) throw new WrongAnswer(`${text} came ${isStream ? "as a stream" : "as JSON"}.`);
      acknowledged.add(text);
    } catch (error) {
      if (error instanceof WrongAnswer || !state.mayLose) throw error;
      return;
    } finally {
      state.inFlight--;
    }
  }
}

/** The server answered, and not what was asked. */
class WrongAnswer extends Error {}
