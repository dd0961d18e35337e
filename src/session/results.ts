import type { Json } from "../lib/json.ts";
import { piecesOf, utf8Bytes } from "../lib/text.ts";
import { NotFound, TooLarge } from "../mcp/errors.ts";
import {
  type FittedRows,
  type ResultKeeper,
  type ResultRecord,
  type ResultStart,
  type Results,
  type ResultWriter,
  sayTooLong
} from "../mcp/results.ts";

/** How long a result and its parts may be, and how much of one is shown, bytes. */
export interface ResultSizes {
  readonly partBytes: number;
  readonly maxBytes: number;
  readonly pageBytes: number;
  readonly previewBytes: number;
}

/**
 * The results of a principal, as tools use them, wherever they are kept.
 * @param onResult is told of each result that a tool begins itself; when one is deleted, of the last that is left, or of none.
 */
export function createResults(
  keeper: ResultKeeper,
  sizes: ResultSizes,
  onResult: (result: string | undefined) => void = () => {}
): Results {
  const store = async (rows: readonly Json[], start: ResultStart): Promise<string> => {
    const writer = new PartWriter(await keeper.open(start), keeper, sizes);
    try {
      for (const row of rows) await writer.write(toLine(row));
      await writer.end();
      return writer.result;
    } catch (error) {
      // Half of it, of which nobody is told, would only take room. Why it is half is what to tell, whatever becomes of that.
      await keeper.remove(writer.result).catch(() => {});
      throw error;
    }
  };

  const begun = new Set<string>();
  const forget = (result: string) => {
    if (begun.delete(result)) onResult([...begun].at(-1));
  };
  // Who deletes a result while it grows is not who writes it: that one finds out when it adds to it.
  const noticing = async <T>(result: string, added: Promise<T>): Promise<T> => {
    try {
      return await added;
    } catch (error) {
      if (error instanceof NotFound) await keeper.get(result).catch((missing) => missing instanceof NotFound && forget(result));
      throw error;
    }
  };
  const toldOf: PartKeeper = {
    append: (result, part, bytes) => noticing(result, keeper.append(result, part, bytes)),
    close: (result, state) => noticing(result, keeper.close(result, state))
  };
  return {
    async begin(start) {
      const writer = new PartWriter(await keeper.open(start), toldOf, sizes);
      begun.add(writer.result);
      onResult(writer.result);
      return writer;
    },
    async fit<R extends Json>(rows: readonly R[], start: Omit<ResultStart, "type">): Promise<FittedRows<R>> {
      const all = firstOf(rows, sizes.pageBytes);
      if (all.length === rows.length) return { shown: all, total: rows.length };
      const result = await store(rows, { ...start, type: "application/x-ndjson" });
      return { shown: firstOf(rows, sizes.previewBytes), total: rows.length, result };
    },
    get: (result) => keeper.get(result),
    read: (result, query) => keeper.read(result, query),
    list: (limit, before) => keeper.list(limit, before),
    async remove(result) {
      await keeper.remove(result);
      forget(result);
    }
  };
}

/** As many of the first rows as fit. */
function firstOf<R extends Json>(rows: readonly R[], limitBytes: number): R[] {
  const shown: R[] = [];
  let sizeBytes = 0;
  for (const row of rows) {
    sizeBytes += utf8Bytes(toLine(row));
    if (sizeBytes > limitBytes) break;
    shown.push(row);
  }
  return shown;
}

const toLine = (row: Json): string => `${JSON.stringify(row)}\n`;

/** How much text is encoded at a time, so that a long one does not stand in memory twice. */
const PIECE_LENGTH = 64 * 1024;

/** What a writer needs of where results are kept. */
type PartKeeper = Pick<ResultKeeper, "append" | "close">;

/** Cuts what is written into parts of one size: no more than one of them is held. */
class PartWriter implements ResultWriter {
  readonly result: string;
  readonly #keeper: PartKeeper;
  readonly #sizes: ResultSizes;
  readonly #encoder = new TextEncoder();
  #part: Uint8Array;
  #parts = 0;
  #filled = 0;
  /** The first half of a character whose second comes with the next text. */
  #half = "";
  #written = 0;
  /** Why a part could not be stored: nothing may be written behind the gap. */
  #fault: { readonly error: unknown } | undefined;
  #isEnded = false;
  /** What was asked for last: texts are written in the order in which they came, whoever waits for them. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(result: string, keeper: PartKeeper, sizes: ResultSizes) {
    this.result = result;
    this.#keeper = keeper;
    this.#sizes = sizes;
    this.#part = new Uint8Array(sizes.partBytes);
  }

  get sizeBytes(): number {
    return this.#written;
  }

  fits(sizeBytes: number): boolean {
    return this.#written + sizeBytes <= this.#sizes.maxBytes;
  }

  write(text: string): Promise<void> {
    return this.#inOrder(() => this.#write(text));
  }

  end(state: "complete" | "cut" = "complete"): Promise<ResultRecord> {
    return this.#inOrder(async () => {
      // What was stored before the gap can still be read, as the beginning that it is.
      if (this.#fault && state === "complete") throw this.#fault.error;
      if (!this.#fault && this.#half !== "") await this.#put(this.#take("", true));
      if (!this.#fault && this.#filled > 0) await this.#flush();
      const record = await this.#keeper.close(this.result, state);
      this.#isEnded = true;
      return record;
    });
  }

  #inOrder<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#last.then(act);
    this.#last = done.catch(() => {}); // whoever asked for it is told
    return done;
  }

  async #write(text: string): Promise<void> {
    if (this.#fault) throw this.#fault.error;
    if (this.#isEnded) throw new Error(`${this.result} was ended: nothing can be added.`);
    if (!this.fits(utf8Bytes(text))) throw new TooLarge(sayTooLong(this.#sizes.maxBytes));
    for (const piece of piecesOf(this.#take(text, false), PIECE_LENGTH)) await this.#put(piece);
  }

  /** The text with what was left of the one before, and without half a character at its end. */
  #take(text: string, isEnd: boolean): string {
    const whole = this.#half + text;
    const code = whole.charCodeAt(whole.length - 1);
    this.#half = !isEnd && code >= 0xd800 && code <= 0xdbff ? whole.slice(-1) : "";
    return this.#half === "" ? whole : whole.slice(0, -1);
  }

  async #put(text: string): Promise<void> {
    const bytes = this.#encoder.encode(text);
    this.#written += bytes.byteLength;
    for (let from = 0; from < bytes.byteLength; ) {
      const taken = bytes.subarray(from, from + this.#part.byteLength - this.#filled);
      this.#part.set(taken, this.#filled);
      this.#filled += taken.byteLength;
      from += taken.byteLength;
      if (this.#filled === this.#part.byteLength) await this.#flush();
    }
  }

  /** A copy: the store, or the way to it, may hold on to what it is given. */
  async #flush(): Promise<void> {
    try {
      await this.#keeper.append(this.result, this.#parts, this.#part.slice(0, this.#filled));
    } catch (error) {
      this.#fault = { error };
      throw error;
    }
    this.#parts++;
    this.#filled = 0;
  }
}
