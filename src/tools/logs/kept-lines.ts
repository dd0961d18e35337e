import { utf8Bytes } from "../../lib/text.ts";
import { NotFound, QuotaReached } from "../../mcp/errors.ts";
import type { LogEvent } from "../../mcp/logs.ts";
import type { ResultStart, Results, ResultWriter } from "../../mcp/results.ts";

/** What became of the lines. */
export interface Kept {
  readonly stored: number;
  /** The handle; absent if nothing was kept. */
  readonly result: string | undefined;
  /** Of the first event that did not fit. */
  readonly nextMs: number | undefined;
  /** Why nothing was kept, and what to delete. */
  readonly notKept: string | undefined;
}

/** An event, and the level that its message names. */
export interface LeveledEvent {
  readonly event: LogEvent;
  readonly level: string;
}

/** How much text is collected before it is written. */
const PIECE_LENGTH = 64 * 1024;

/** Log events on their way into a stored result, one JSON object a line. When it is full no more are taken; without room none are kept. */
export class KeptLines {
  readonly #results: Results;
  readonly #start: ResultStart;
  #writer: ResultWriter | undefined;
  #pending = "";
  #stored = 0;
  #nextMs: number | undefined;
  #notKept: string | undefined;

  constructor(results: Results, start: ResultStart) {
    this.#results = results;
    this.#start = start;
  }

  /** Keeps all of some events that belong together, or none. */
  async add(rows: readonly LeveledEvent[]): Promise<void> {
    if (this.#nextMs !== undefined || this.#notKept !== undefined) return;
    const text = rows.map(toLine).join("");
    await this.#unlessNoPlace(async () => {
      this.#writer ??= await this.#results.begin(this.#start);
      if (!this.#writer.fits(utf8Bytes(this.#pending) + utf8Bytes(text))) {
        this.#nextMs = rows[0]?.event.timestampMs;
        return;
      }
      this.#pending += text;
      this.#stored += rows.length;
      if (this.#pending.length > PIECE_LENGTH) await this.#flush();
    });
  }

  /** Says that there are no more lines. Of none at all the result is empty. */
  async end(state: "complete" | "cut"): Promise<Kept> {
    await this.#unlessNoPlace(async () => {
      if (this.#notKept === undefined) this.#writer ??= await this.#results.begin(this.#start);
      await this.#close(this.#nextMs === undefined ? state : "cut");
    });
    const nextMs = this.#notKept === undefined ? this.#nextMs : undefined;
    return { stored: this.#stored, result: this.#writer?.result, nextMs, notKept: this.#notKept };
  }

  /** Ends what was begun, if anything was: whoever wrote it has failed. */
  async abandon(): Promise<void> {
    await this.#unlessNoPlace(() => this.#close("cut"));
  }

  async #close(state: "complete" | "cut"): Promise<void> {
    await this.#flush();
    await this.#writer?.end(state);
  }

  async #flush(): Promise<void> {
    const text = this.#pending;
    this.#pending = "";
    if (text !== "") await this.#writer?.write(text);
  }

  /** The beginning of a result that nobody has room for would only take room; one that was deleted while it grew has none to go on in. */
  async #unlessNoPlace(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof QuotaReached || error instanceof NotFound)) throw error;
      this.#notKept = error instanceof NotFound ? DELETED : error.message;
      this.#pending = "";
      this.#stored = 0;
      const begun = this.#writer;
      this.#writer = undefined;
      if (begun && error instanceof QuotaReached) await this.#results.remove(begun.result);
    }
  }
}

const DELETED = "The stored result was deleted while events were added to it. Analyze again to have them stored.";

const toLine = ({ event: { timestampMs, stream, message }, level }: LeveledEvent): string =>
  `${JSON.stringify({ timestamp: new Date(timestampMs).toISOString(), stream, level, message })}\n`;
