import { canonicalJson } from "../../lib/canonical-json.ts";
import { isJsonObject, type Json, type JsonObject } from "../../lib/json.ts";
import { readPointer, valueAt } from "../../lib/json-pointer.ts";
import { cutToJsonBytes, utf8Bytes } from "../../lib/text.ts";
import type { ResultPage, ResultQuery, ShownLine } from "../../mcp/results.ts";
import type { ResultRow, ResultStore } from "../../stores/results.ts";
import { type ResultLine, ResultLines } from "./result-lines.ts";

/** How much of a result is shown, and how much is read for it, bytes. */
export interface PageLimits {
  readonly pageBytes: number;
  readonly scanBytes: number;
  readonly partBytes: number;
}

type Lines = Omit<ResultPage, "record">;

/** Reads some lines of a result, one part at a time: what is looked for may be far away, so one page ends when enough was read. */
export function readResultPage(store: ResultStore, row: ResultRow, query: ResultQuery, limits: PageLimits): Lines {
  const lines = new ResultLines(store, row, limits.partBytes);
  const show = createShow(query);
  // Whoever looks into a line needs all of it; who only shows it, no more than a page.
  const isLooking = query.contains !== undefined || query.where !== undefined || query.fields !== undefined;
  const holdBytes = isLooking ? limits.scanBytes : limits.pageBytes;
  const read = () => {
    const line = lines.next(holdBytes);
    return line && show(line);
  };
  return query.isTail ? readTail(store, row, query, lines, read, limits) : readOn(query, lines, read, limits);
}

type Read = () => ResultLine | undefined;

function readOn(query: ResultQuery, lines: ResultLines, read: Read, { pageBytes, scanBytes }: PageLimits): Lines {
  const page: ShownLine[] = [];
  lines.seek(query.fromLine);
  lines.skip(query.fromByte ?? 0);
  for (let leftBytes = pageBytes; ; ) {
    const { line } = lines;
    if (line === undefined || page.length === query.lines || lines.readBytes > scanBytes) return { lines: page, nextLine: line };
    const shown = read();
    if (!shown) continue;
    leftBytes -= sizeOf(shown);
    if (leftBytes >= 0) page.push(shown);
    else if (page.length > 0) return { lines: page, nextLine: line };
    else {
      const fromByte = line === query.fromLine ? query.fromByte : 0;
      return { lines: [cutLine(shown, pageBytes, query, fromByte)], nextLine: lines.line };
    }
  }
}

/** The last of the lines that are shown: as many as were asked for, fit a page, and stand in what one call reads. */
function readTail(store: ResultStore, row: ResultRow, query: ResultQuery, lines: ResultLines, read: Read, limits: PageLimits): Lines {
  const { pageBytes, scanBytes, partBytes } = limits;
  const isFiltered = query.contains !== undefined || query.where !== undefined;
  const firstPart = row.parts - Math.floor(scanBytes / partBytes);
  const inReach = firstPart <= 0 ? 1 : Math.min(store.firstLineOf(row.seq, firstPart) + 1, Math.max(1, row.lines));
  lines.seek(isFiltered ? inReach : Math.max(inReach, row.lines - query.lines + 1));
  const page: ShownLine[] = [];
  let sizeBytes = 0;
  while (lines.line !== undefined) {
    const shown = read();
    if (!shown) continue;
    const fitting = sizeOf(shown) > pageBytes ? cutLine(shown, pageBytes, query) : shown;
    page.push(fitting);
    sizeBytes += sizeOf(fitting);
    while (page.length > query.lines || (sizeBytes > pageBytes && page.length > 1)) sizeBytes -= sizeOf(page.shift());
  }
  const isAllLooked = !isFiltered || inReach === 1 || page.length === query.lines;
  return { lines: page, nextLine: undefined, ...(!isAllLooked && { lookedFrom: inReach }) };
}

/** What a line takes in a message beside its text, bytes. */
const LINE_BYTES = 48;

const sizeOf = (line: ResultLine | undefined): number => (line ? utf8Bytes(JSON.stringify(line.text)) + LINE_BYTES : 0);

function cutLine({ line, text }: ResultLine, pageBytes: number, { fields }: ResultQuery, fromByte = 0): ShownLine {
  const cut = cutToJsonBytes(text, pageBytes - 2 * LINE_BYTES);
  const shown = cut === text ? `${text}…` : cut;
  if (fields) return { line, text: shown, isCut: true };
  return { line, text: shown, isCut: true, nextByte: fromByte + utf8Bytes(shown.slice(0, -1)) };
}

/** Makes what shows a line as a query asks for it; `undefined` for one that is not looked for. */
function createShow({ contains, where, fields }: ResultQuery): (line: ResultLine) => ResultLine | undefined {
  const sought = contains?.toLowerCase();
  const wanted = where && { path: pathOf(where.field), value: canonicalJson(where.equals) };
  const paths = fields?.map((field) => [field, pathOf(field)] as const);
  return (line) => {
    if (sought !== undefined && !line.text.toLowerCase().includes(sought)) return undefined;
    if (!wanted && !paths) return line;
    const row = line.isCut ? undefined : parseRow(line.text);
    if (wanted) {
      const value = row && valueAt(row, wanted.path);
      if (value === undefined || canonicalJson(value) !== wanted.value) return undefined;
    }
    return row && paths ? { ...line, text: JSON.stringify(pick(row, paths)) } : line;
  };
}

/** A JSON Pointer, or the name of a member. */
const pathOf = (field: string): readonly string[] => (field.startsWith("/") ? readPointer(field) : undefined) ?? [field];

function pick(row: JsonObject, paths: readonly (readonly [string, readonly string[]])[]): JsonObject {
  return Object.fromEntries(paths.map(([field, path]) => [field, valueAt(row, path)]));
}

/** What is no object has no fields, and is shown as it is. */
function parseRow(text: string): JsonObject | undefined {
  try {
    const value = JSON.parse(text) as Json;
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
