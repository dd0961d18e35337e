import { cut } from "./text.ts";

/**
 * Folds what differs from one log message to the next, so that equal ones can be counted: times become `<time>`, numbers,
 * UUIDs, hexadecimal and other mixed ids `<*>`, and quoted values `"…"`; white space is one space. Numbers and ids look the same, for a
 * hexadecimal id may be of digits alone. Of a long message only the beginning counts.
 */
export function foldMessage(message: string): string {
  const folded = message.slice(0, MAX_READ).toWellFormed().replace(CHANGING, fold);
  return cut(folded.replace(/\s+/g, " ").trim(), MAX_FOLDED);
}

/** More would only tell apart what is the same, and a sketch of such texts has to have a size. */
const MAX_READ = 600;
const MAX_FOLDED = 240;

const TIME = String.raw`(?<time>(?<!\d)\d{4}[-/]\d{2}[-/]\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?(?!\d)|(?<!\d)\d{2}:\d{2}:\d{2}(?:[.,]\d+)?(?!\d))`;
const UUID = String.raw`(?<uuid>(?<![\da-f])[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}(?![\da-f]))`;
/** The name of a member of JSON stays. */
const NAME = String.raw`(?<name>(?<=[{,]\s*)"(?:[^"\\]|\\.)*"\s*:)`;
/** An apostrophe within a word quotes nothing. */
const QUOTED = String.raw`(?<quoted>"(?:[^"\\]|\\.)*"|(?<=^|[\s=(:,[])'[^']*'(?=$|[\s).,:;\]]))`;
/** Letters and digits in one, or a number with its fraction, as in 12.5 and 10.0.0.1. It begins where a word begins: linear time. */
const WORD = String.raw`(?<word>(?<![A-Za-z\d])[A-Za-z]*\d[A-Za-z\d]*(?:\.\d+)*)`;

const CHANGING = new RegExp([TIME, UUID, NAME, QUOTED, WORD].join("|"), "gi");

function fold(match: string, ...rest: unknown[]): string {
  const { time, uuid, name, quoted } = rest.at(-1) as Record<string, string | undefined>; // replace() gives the named groups last
  if (time !== undefined) return "<time>";
  if (uuid !== undefined) return "<*>";
  if (name !== undefined) return name;
  if (quoted !== undefined) return '"…"';
  if (NUMBER.test(match)) return "<*>";
  const [, before, after] = (HEXADECIMAL.test(match) ? undefined : NUMBERED.exec(match)) ?? [];
  if (before !== undefined) return `${before}<*>`;
  return after === undefined ? "<*>" : `<*>${after}`;
}

const NUMBER = /^\d+(?:\.\d+)*$/;
const HEXADECIMAL = /^[\da-f]{6,}$/i;

/** One number, with a word before it or a unit behind, as in worker12 and 35ms. What mixes more is an id. */
const NUMBERED = /^(?:([A-Za-z]+)\d+(?:\.\d+)*|\d+(?:\.\d+)*([A-Za-z]{1,3}))$/;
