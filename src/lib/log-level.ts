import { isJsonObject, type Json } from "./json.ts";

/** From the most severe to the least; `none` is of messages that name no level. */
export const LOG_EVENT_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "none"] as const;

export type LogEventLevel = (typeof LOG_EVENT_LEVELS)[number];

/** What a log message says: how severe it is, and its text. */
export interface LogLine {
  readonly level: LogEventLevel;
  /** The message within a JSON line; any other as it is. */
  readonly text: string;
}

/** Reads a log message: a line of JSON by its members, any other by the first word that names a level. */
export function readLogLine(message: string): LogLine {
  const row = parseRow(message);
  if (!row) return { level: levelInText(message), text: message };
  const text = TEXT_MEMBERS.map((name) => row[name]).find((value) => typeof value === "string") ?? message;
  const named = LEVEL_MEMBERS.map((name) => toLevel(row[name])).find((level) => level !== undefined);
  return { level: named ?? levelInText(text), text };
}

const LEVEL_MEMBERS = ["level", "severity", "log.level", "levelname", "lvl"] as const;
const TEXT_MEMBERS = ["message", "msg", "event", "error", "log"] as const;

function parseRow(message: string): { [key: string]: Json | undefined } | undefined {
  if (!message.startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(message);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined; // it only looks like JSON
  }
}

const NAMES: ReadonlyMap<string, LogEventLevel> = new Map<string, LogEventLevel>(
  Object.entries({
    ...{ fatal: "fatal", critical: "fatal", crit: "fatal", alert: "fatal", emergency: "fatal", emerg: "fatal", panic: "fatal" },
    ...{ error: "error", err: "error", severe: "error", warn: "warn", warning: "warn" },
    ...{ info: "info", information: "info", notice: "info", debug: "debug", trace: "trace", verbose: "trace" }
  } as const)
);

/** A name, or a number as pino and bunyan write it: https://getpino.io/#/docs/api?id=loggerlevels-object */
function toLevel(value: Json | undefined): LogEventLevel | undefined {
  if (typeof value === "string") return NAMES.get(value.toLowerCase());
  if (typeof value !== "number" || value < 10) return undefined;
  return (["trace", "debug", "info", "warn", "error"] as const)[Math.floor(value / 10) - 1] ?? "fatal";
}

function levelInText(text: string): LogEventLevel {
  const [, labelled, bracketed, word] = LEVEL.exec(text.slice(0, MAX_READ)) ?? [];
  return toLevel(labelled ?? bracketed ?? word) ?? "none";
}

/** A level stands near the beginning. */
const MAX_READ = 400;

/** `level=warn`, `[error]`, or a word in capitals: small letters would count "0 errors" and "no error" as errors. */
const LEVEL =
  /\b(?:level|severity|lvl)["']?[=:]\s*["']?([A-Za-z]{3,11})\b|[[<](fatal|crit|alert|emerg|error|warn|warning|notice|info|debug|trace)[\]>]|\b(FATAL|CRITICAL|ALERT|EMERGENCY|PANIC|ERROR|SEVERE|WARN|WARNING|NOTICE|INFO|DEBUG|TRACE|VERBOSE)\b/;
