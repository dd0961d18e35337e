import { Waiting } from "../lib/waiting.ts";

/** How far a call is, as its tool says. */
export interface CallProgress {
  readonly done: number;
  readonly total: number | undefined;
  readonly message: string | undefined;
}

/** A call that is at work in this object. */
export interface RunningCall {
  /** The last that its tool has said; absent before it says something. */
  readonly progress: CallProgress | undefined;
  /** Whether it is one of those of which an object runs only so many at a time. */
  readonly isCounted: boolean;
  /** Its handle. */
  readonly handle: string;
  /** Tells it to stop. */
  stop(): void;
}

/** What is known of a call that is at work. */
export type AtWork = Pick<RunningCall, "progress">;

/** The calls at work in one object that were recorded before they ran, by their numbers: they can be asked for and told to stop. */
export class RunningCalls {
  readonly #calls = new Map<number, RunningCall>();
  readonly #waiting = new Waiting<number>();

  begin(seq: number, call: RunningCall): void {
    this.#calls.set(seq, call);
  }

  /** It has ended, and its row says how. */
  end(seq: number): void {
    if (this.#calls.delete(seq)) this.#waiting.tell(seq);
  }

  /** Those that are counted. */
  counted(): readonly RunningCall[] {
    return [...this.#calls.values()].filter(({ isCounted }) => isCounted);
  }

  /** Waits until a call has ended, at most so long. Tells how far it is; `undefined` for one that is not at work here. */
  async watch(seq: number, waitMs: number): Promise<AtWork | undefined> {
    if (waitMs > 0 && this.#calls.has(seq)) await this.#waiting.change(seq, waitMs);
    const call = this.#calls.get(seq);
    return call && { progress: call.progress };
  }

  /** Tells a call to stop; `false` for one that is not at work here. */
  stop(seq: number): boolean {
    const call = this.#calls.get(seq);
    call?.stop();
    return call !== undefined;
  }
}
