import { z } from "zod";
import { OUTCOMES } from "../../mcp/errors.ts";
import type { CallFilter } from "../../mcp/history.ts";

/** `Date.parse` alone finds a date in much: of "last 7" it makes July 2001, and a deletion since then would take everything. */
const ISO_TIME = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/;

const isTime = (text: string): boolean => ISO_TIME.test(text) && !Number.isNaN(Date.parse(text));

const time = (name: string) =>
  z
    .string()
    .refine(isTime, "is not a date and time in ISO 8601, as in 2026-01-31T09:00:00Z")
    .optional()
    .describe(`Only calls that started ${name} this time, ISO 8601`);

/** The fields by which tools of the history choose calls. */
export const callFilter = {
  session: z
    .string()
    .max(64)
    .default("all")
    .describe('"this" session, "all" sessions and what came without one, or the handle of a session that list_sessions gave'),
  text: z.string().min(1).max(200).optional().describe("Only calls with this text in their name, arguments or answer"),
  tool: z.string().max(64).optional().describe("Only calls of this tool"),
  outcome: z.enum(OUTCOMES).optional().describe("Only calls that ended so"),
  since: time("at or after"),
  until: time("before")
};

/** Reads {@link callFilter}. */
export function toFilter({ session, text, tool, outcome, since, until }: z.output<z.ZodObject<typeof callFilter>>): CallFilter {
  return { session, text, tool, outcome, sinceMs: toMs(since), untilMs: toMs(until) };
}

const toMs = (time: string | undefined): number | undefined => (time === undefined ? undefined : Date.parse(time));
