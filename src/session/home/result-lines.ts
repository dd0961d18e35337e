import type { ResultRow, ResultStore } from "../../stores/results.ts";

/** A line of a result, or the beginning of one that is longer than was asked for. */
export interface ResultLine {
  readonly line: number;
  readonly text: string;
  readonly isCut: boolean;
}

/** Reads a result line after line. It holds one part and one line, whatever the result is long. */
export class ResultLines {
  readonly #store: ResultStore;
  readonly #row: ResultRow;
  readonly #partBytes: number;
  /** UTF-8 may be broken where a part ends, and a mark at its beginning is text as well. */
  readonly #decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
  #line = 1;
  #part = 0;
  #bytes: Uint8Array | undefined;
  #offset = 0;
  #readBytes = 0;

  constructor(store: ResultStore, row: ResultRow, partBytes: number) {
    this.#store = store;
    this.#row = row;
    this.#partBytes = partBytes;
  }

  /** How much was read of the store, bytes. */
  get readBytes(): number {
    return this.#readBytes;
  }

  /** The line that comes next; `undefined` behind the last. */
  get line(): number | undefined {
    return this.#line <= this.#row.lines ? this.#line : undefined;
  }

  /** Goes to the beginning of a line. Behind the last there is nothing to look for, however far it is. */
  seek(line: number): void {
    if (line <= this.#row.lines) this.#goTo(line);
    else this.#line = line;
  }

  /** Passes over so many bytes of the line that comes next, or all that it has. */
  skip(bytes: number): void {
    const { line } = this;
    if (line === undefined || bytes === 0) return;
    const at = this.#at + bytes;
    let end = this.#row.sizeBytes;
    // While a result grows, behind its last line stands the beginning of another.
    if (line < this.#row.lines || this.#row.state === "growing") {
      this.#goTo(line + 1);
      end = this.#at - 1;
    }
    const part = Math.min(Math.floor(Math.min(at, end) / this.#partBytes), this.#row.parts - 1);
    if (part !== this.#part) this.#bytes = undefined;
    this.#line = line;
    this.#part = part;
    this.#offset = Math.min(at, end) - part * this.#partBytes;
  }

  get #at(): number {
    return this.#part * this.#partBytes + this.#offset;
  }

  #goTo(line: number): void {
    const { part, firstLine } = this.#store.placeOf(this.#row.seq, line);
    this.#line = line;
    if (part !== this.#part) this.#bytes = undefined;
    this.#part = part;
    this.#offset = 0;
    for (let passed = firstLine; passed < line; passed++) this.#offset = this.#load().indexOf(LINE_FEED, this.#offset) + 1;
  }

  /** Reads the next line, of which no more than `holdBytes` are held; what is longer is passed over without being read. */
  next(holdBytes: number): ResultLine | undefined {
    const { line } = this;
    if (line === undefined) return undefined;
    const pieces: Uint8Array[] = [];
    for (let heldBytes = 0; ; ) {
      const bytes = this.#load();
      const end = bytes.indexOf(LINE_FEED, this.#offset);
      const piece = bytes.subarray(this.#offset, end === -1 ? undefined : end);
      if (heldBytes + piece.byteLength > holdBytes) {
        pieces.push(piece.subarray(0, holdBytes - heldBytes));
        this.#pass(end);
        return { line, text: this.#toText(pieces, true), isCut: true };
      }
      // A part is let go where the next is read: what is held of it is a copy.
      pieces.push(end === -1 ? piece.slice() : piece);
      heldBytes += piece.byteLength;
      if (end === -1 && this.#part + 1 < this.#row.parts) {
        this.#turn();
        continue;
      }
      this.#pass(end === -1 ? bytes.byteLength : end);
      return { line, text: this.#toText(pieces, false), isCut: false };
    }
  }

  /** Goes behind the line break at an offset; where it is not in this part, the index knows the line that follows. */
  #pass(end: number): void {
    if (end === -1) {
      if (this.#line < this.#row.lines) this.seek(this.#line + 1);
      else this.#line++;
      return;
    }
    this.#line++;
    this.#offset = end + 1;
  }

  #load(): Uint8Array {
    if (this.#bytes && this.#offset >= this.#bytes.byteLength && this.#part + 1 < this.#row.parts) this.#turn();
    if (this.#bytes) return this.#bytes;
    this.#bytes = this.#store.recall(this.#row.seq, this.#part) ?? new Uint8Array();
    this.#readBytes += this.#bytes.byteLength;
    return this.#bytes;
  }

  #turn(): void {
    this.#part++;
    this.#offset = 0;
    this.#bytes = undefined;
  }

  #toText(pieces: readonly Uint8Array[], isCut: boolean): string {
    const text = this.#decoder.decode(Buffer.concat(pieces), { stream: isCut });
    if (!isCut) return text.endsWith("\r") ? text.slice(0, -1) : text;
    this.#decoder.decode(); // forgets the part of a character that the cut has left
    return text;
  }
}

const LINE_FEED = 0x0a;
