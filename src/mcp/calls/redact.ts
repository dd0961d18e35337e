import { isJsonObject, type Json, type JsonObject } from "../../lib/json.ts";
import { cut } from "../../lib/text.ts";
import { MARK, redactText } from "./redact-text.ts";
import { isSecretName } from "./secret-name.ts";

/**
 * Hides secrets in what is shown about a call: the whole value of a member whose name says that it is one, and what looks
 * like one in any other text, names included. Never for a live answer, nor for what is stored to be used again.
 */
export function redactJson(value: Json): Json {
  return redactWith(redactText, value);
}

/** Writes arguments as JSON for showing: redacted first and cut to `limit` UTF-16 units after, so that half a secret never passes for none. */
export const showArguments = (args: JsonObject, limit: number): string => showJson(args, limit);

/**
 * Shows the beginning of the text of an answer as {@link showText} does. Where a line ends with JSON, as items and rows do, the name of
 * a member says whether its value is a secret.
 */
export function showAnswer(answer: string, limit: number): string {
  let head = "";
  let from = 0;
  while (head.length <= limit && from < answer.length) {
    const end = answer.indexOf("\n", from) + 1 || answer.length;
    head += hideInJson(answer.slice(from, end), limit);
    from = end;
  }
  return showText(head + answer.slice(from), limit);
}

/** The line, of whose JSON so much is left as is shown. */
function hideInJson(line: string, limit: number): string {
  const start = line.search(/[{[]/);
  if (start === -1) return line;
  try {
    const isEnded = line.endsWith("\n");
    return `${line.slice(0, start)}${showJson(JSON.parse(line.slice(start)) as Json, limit)}${isEnded ? "\n" : ""}`;
  } catch {
    return line;
  }
}

function showJson(value: Json, limit: number): string {
  let left = limit;
  // Each text stands in the JSON at its own length at least: what comes after `limit` of them is cut off in any case.
  const show = (text: string): string | undefined => {
    if (left <= 0) return undefined;
    const shown = redactHead(text, left);
    left -= shown.length;
    return shown;
  };
  return cut(JSON.stringify(redactWith(show, value)), limit);
}

/** Shows the beginning of a text: what redacting all of it and cutting it to `limit` UTF-16 units gives, without reading all of it. */
export function showText(text: string, limit: number): string {
  return cut(redactHead(text, limit), limit);
}

/** Shows where an error came from, for the log: its message may repeat what an upstream said, or an argument. */
export const showStack = (error: unknown): string => redactText((error instanceof Error && error.stack) || String(error));

/** @param show gives what is shown of a text; `undefined` where nothing more is. */
function redactWith(show: (text: string) => string | undefined, value: Json): Json {
  if (typeof value === "string") return show(value) ?? "";
  if (Array.isArray(value)) return value.map((item) => redactWith(show, item));
  if (!isJsonObject(value)) return value;
  // Of a pair such as { name: "Authorization", value: … } the name says what the value is.
  const isSecretPair = [value.name, value.key, value.header].some((name) => typeof name === "string" && isSecretName(name));
  const members: [string, Json][] = [];
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue;
    const shownName = show(name);
    if (shownName === undefined) break;
    const isSecret = isSecretName(name) || (isSecretPair && name === "value");
    members.push([shownName, isSecret && canBeSecret(member) ? (show(MARK) ?? "") : redactWith(show, member)]);
  }
  return Object.fromEntries(members); // which, unlike an assignment, takes __proto__ for a name like any other
}

/** A flag that tells whether there is a secret is none, and an empty text hides nothing. */
const canBeSecret = (value: Json): boolean => value !== null && typeof value !== "boolean" && value !== "";

/** Redacts all of a text, or so much of it that the first `limit` units of the outcome are the same and more follows. */
function redactHead(text: string, limit: number): string {
  for (let length = limit + OPENING; length < text.length; length *= 2) {
    const end = endOfWord(text, length);
    if (end === text.length) break;
    const redacted = redactText(text.slice(0, end));
    if (redacted.length > limit + OPENING) return redacted; // a beginning that the head cuts off stands behind the limit
  }
  return redactText(text);
}

/** No shorter than the first line of a private key: the one beginning of a secret that has white space in it. */
const OPENING = 128;

/** What is recognised by its end (a token's last part, an `@`) holds no white space and no quote: a head that ends in one holds it whole. */
function endOfWord(text: string, from: number): number {
  END_OF_WORD.lastIndex = from;
  return END_OF_WORD.test(text) ? END_OF_WORD.lastIndex : text.length;
}

const END_OF_WORD = /[\s"]/g;
