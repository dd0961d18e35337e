import { z } from "zod";
import { InvalidInput } from "../../mcp/errors.ts";

/** A time as an argument: ISO 8601, in UTC where it names no zone, or milliseconds since the epoch. */
const time = z.union([z.string().max(40), z.int()]);

/** The arguments that say where and when to look, and for what. */
export const logArguments = {
  logGroup: z.string().trim().min(1).max(512).describe("Name of the log group, as list_log_groups gives it"),
  startTime: time.describe("ISO 8601, as in 2026-08-01T10:00:00Z, in UTC where no zone is named; or milliseconds since the epoch"),
  endTime: time.optional().describe("The same; the present if left out. Events at this very time belong to it"),
  pattern: z
    .string()
    .max(1024)
    .optional()
    .describe(
      'CloudWatch Logs filter pattern, as in: ERROR -timeout, "exact phrase", ?one ?or ?another, { $.level = "error" }. All events if left out'
    )
};

/** A span of time, both ends included, milliseconds since the epoch. */
export interface LogWindow {
  readonly startMs: number;
  readonly endMs: number;
}

/** Reads the span of time that a call asks for. @throws InvalidInput saying what is wrong with which argument. */
export function readWindow(startTime: string | number, endTime: string | number | undefined, nowMs: number): LogWindow {
  const startMs = readTime("startTime", startTime);
  const endMs = endTime === undefined ? nowMs : readTime("endTime", endTime);
  if (startMs > nowMs) throw new InvalidInput(`startTime ${toIso(startMs)} is in the future. It is ${toIso(nowMs)}.`);
  if (endMs < startMs) throw new InvalidInput(`endTime ${toIso(endMs)} is before startTime ${toIso(startMs)}.`);
  return { startMs, endMs };
}

/** A time as answers show it. */
export const toIso = (timeMs: number): string => new Date(timeMs).toISOString();

function readTime(name: string, given: string | number): number {
  const text = String(given).trim();
  const timeMs = /^-?\d+$/.test(text) ? Number(text) : readIso(text);
  if (Number.isNaN(timeMs) || timeMs > LATEST_MS || timeMs < 0)
    throw new InvalidInput(
      `${name} cannot be read as a time. Give ISO 8601, as in 2026-08-01T10:00:00Z, or milliseconds since 1970, as in 1785578400000.`
    );
  if (timeMs > 0 && timeMs < EARLIEST_MS && !text.includes("-"))
    throw new InvalidInput(
      `${name} is ${toIso(timeMs)}: it seems to be in seconds. Give milliseconds since 1970, ${text}000, or ISO 8601.`
    );
  return timeMs;
}

/** The last that a Date holds: https://tc39.es/ecma262/#sec-time-values-and-time-range */
const LATEST_MS = 8.64e15;
/** Seconds of this century, read as milliseconds, are earlier. Zero means from the beginning. */
const EARLIEST_MS = 1e11;

const ISO = /^(\d{4})-(\d{2})-(\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/i;

function readIso(text: string): number {
  const [whole, year, month, day, zone] = ISO.exec(text) ?? [];
  // A parser reads the 30th of February as the 2nd of March.
  if (whole === undefined || Number(day) > new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate()) return Number.NaN;
  return Date.parse(whole.length === 10 || zone !== undefined ? whole.replace(" ", "T") : `${whole.replace(" ", "T")}Z`);
}
