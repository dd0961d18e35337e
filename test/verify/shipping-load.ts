import { setTimeout as sleep } from "node:timers/promises";
import { SLOW_MS } from "../support/github-stub.ts";
import { RawSession, type ToolAnswer } from "../support/session.ts";
import { RawStateless } from "../support/stateless.ts";
import { createRandom } from "../unit/random.ts";

/** Whoever calls tools: a session, or a client of the era that has none. */
export type Caller = Pick<RawSession & RawStateless, "call">;

/** What was asked under one name, and how the answers that arrived whole said it ended: see {@link endOf}. */
export interface Asked {
  attempts: number;
  readonly ends: string[];
}

/** A write that shall be done once. */
export interface Write {
  readonly title: string;
  /** The answers that arrived whole, of any of its attempts. */
  readonly answers: ToolAnswer[];
  /** Tries it, always with the same key. */
  try(caller: Caller, signal?: AbortSignal): Promise<ToolAnswer>;
}

/** Many clients of one principal, in sessions and without, that read and write without a pause. */
export interface ShippingLoad {
  /** By the text of the echo or the title of the note, each of which has its own. */
  readonly asked: ReadonlyMap<string, Asked>;
  readonly writes: readonly Write[];
  /** The calls and, among them, the writes that wait for their answers. */
  inFlight(): { readonly calls: number; readonly writes: number };
  /** Settles when so many answers have arrived. */
  hasAcknowledged(count: number): Promise<void>;
  /** From now on a lost connection ends its client; before, it is a failure of the server. */
  expectLoss(): void;
  /** Settles when every client has lost its connection; rejects with what no kill explains. */
  ended(): Promise<void>;
}

export const SESSIONS = 6;
const STATELESS_READERS = 2;
const WRITERS = 6;
const CALLS_OF_VISIT = 8;
/** How many of the attempts to write are left by their client before the answer. */
const LEFT_SHARE = 0.3;
/** How many of the writes that were answered are tried once more. */
const AGAIN_SHARE = 0.2;

/** Starts the load. */
export async function startShippingLoad(url: string, seed: number): Promise<ShippingLoad> {
  const sessions = await Promise.all(Array.from({ length: SESSIONS }, () => RawSession.begin(url)));
  const stateless = Array.from({ length: STATELESS_READERS }, () => new RawStateless(url));
  const load = new Load([...sessions, ...stateless]);
  const readers = load.callers.map((caller, index) => load.read(caller, `read-${index}`));
  const writers = Array.from({ length: WRITERS }, (_, index) => load.write(`note-${index}`, createRandom(seed + index)));
  const ended = Promise.all([...readers, ...writers, load.visit(url)]).then(() => undefined);
  ended.catch(() => {}); // whoever asks for the end gets it
  return {
    asked: load.asked,
    writes: load.writes,
    inFlight: () => ({ ...load.inFlight }),
    async hasAcknowledged(count) {
      while (load.acknowledged < count) await sleep(10);
    },
    ended: () => ended,
    expectLoss() {
      load.mayLose = true;
    }
  };
}

/** What an answer says of its end that the history says as well. */
export function endOf({ isError, _meta }: ToolAnswer): string {
  if (isError) return "failed";
  return _meta?.["dormouse/replayed"] === true ? "ok, replayed" : "ok";
}

class Load {
  readonly callers: readonly Caller[];
  readonly asked = new Map<string, Asked>();
  readonly writes: Write[] = [];
  readonly inFlight = { calls: 0, writes: 0 };
  acknowledged = 0;
  mayLose = false;

  constructor(callers: readonly Caller[]) {
    this.callers = callers;
  }

  async read(caller: Caller, reader: string): Promise<void> {
    for (let call = 0; ; call++) {
      const text = `${reader}-${call}`;
      // In turn a tool whose row is written at its end and one whose row is opened at its beginning.
      const tool = call % 2 === 0 ? "echo" : "echo_detachable";
      const answer = await this.#answerOf(text, () => caller.call(tool, { text }));
      if (!answer) return;
      if (answer.structuredContent?.text !== text) throw new Error(`The server answered ${JSON.stringify(answer)}`);
    }
  }

  /** Comes for a few calls, again and again, and ends each session. */
  async visit(url: string): Promise<void> {
    for (let visit = 0; !this.mayLose; visit++) {
      const session = await this.#unlessLost(() => RawSession.begin(url));
      if (!session) return;
      for (let call = 0; call < CALLS_OF_VISIT; call++) {
        const text = `visit-${visit}-${call}`;
        if (!(await this.#answerOf(text, () => session.call("echo", { text })))) return;
      }
      await this.#unlessLost(() => session.end());
    }
  }

  async write(writer: string, random: () => number): Promise<void> {
    for (let count = 0; ; count++) {
      const write = this.#createWrite(`${writer}-${count}`, count % 2 === 0);
      this.writes.push(write);
      for (let isDone = false; !isDone; ) {
        const caller = this.callers[Math.floor(random() * this.callers.length)] as Caller; // there are some
        const isLeft = write.answers.length === 0 && random() < LEFT_SHARE;
        const signal = isLeft ? AbortSignal.timeout(1 + Math.floor(random() * 2 * SLOW_MS)) : undefined;
        this.inFlight.writes++;
        const answer = await this.#answerOf(write.title, () => write.try(caller, signal), signal);
        this.inFlight.writes--;
        if (!answer && !signal?.aborted) return;
        if (answer) isDone = random() >= AGAIN_SHARE;
      }
    }
  }

  #createWrite(title: string, isInMeta: boolean): Write {
    const key = `key of ${title}`;
    const args = { title, owner: "octo", repo: "notes", ...(!isInMeta && { idempotency_key: key }) };
    const meta = isInMeta ? { "dormouse/idempotency-key": key } : {};
    const answers: ToolAnswer[] = [];
    return {
      title,
      answers,
      async try(caller, signal) {
        const answer = await caller.call("create_note", args, { meta, ...(signal && { signal }) });
        answers.push(answer);
        return answer;
      }
    };
  }

  /** `undefined` where the answer was not waited for, or was lost with the server. */
  async #answerOf(name: string, call: () => Promise<ToolAnswer>, signal?: AbortSignal): Promise<ToolAnswer | undefined> {
    const asked = this.asked.get(name) ?? { attempts: 0, ends: [] };
    this.asked.set(name, asked);
    asked.attempts++;
    this.inFlight.calls++;
    const answer = await this.#unlessLost(call, signal);
    this.inFlight.calls--;
    if (!answer) return undefined;
    asked.ends.push(endOf(answer));
    this.acknowledged++;
    return answer;
  }

  async #unlessLost<T>(ask: () => Promise<T>, signal?: AbortSignal): Promise<T | undefined> {
    try {
      return await ask();
    } catch (error) {
      if (!signal?.aborted && !this.mayLose) throw error;
      return undefined;
    }
  }
}
