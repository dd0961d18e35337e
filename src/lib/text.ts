/** Cuts text to at most `limit` UTF-16 units, never through a character, and marks the cut. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const end = limit - 1;
  const code = text.charCodeAt(end - 1);
  const splitsPair = code >= 0xd800 && code <= 0xdbff;
  return `${text.slice(0, splitsPair ? end - 1 : end)}…`;
}

/** Cuts text so that it takes at most `limitBytes` where it is written as JSON, never through a character, and marks the cut. */
export function cutToJsonBytes(text: string, limitBytes: number): string {
  let sizeBytes = 0;
  let end = 0;
  for (const character of text) {
    sizeBytes += utf8Bytes(JSON.stringify(character)) - QUOTES_BYTES;
    if (sizeBytes > limitBytes) return `${text.slice(0, end)}…`;
    if (sizeBytes + MARK_BYTES <= limitBytes) end += character.length;
  }
  return text;
}

const QUOTES_BYTES = 2;
const MARK_BYTES = 3;

/** How many bytes a text takes in UTF-8. */
export function utf8Bytes(text: string): number {
  return Buffer.byteLength(text, "utf8");
}

/** Splits text into pieces of at most `limit` UTF-16 units, never through a character. */
export function* piecesOf(text: string, limit: number): Generator<string> {
  for (let start = 0; start < text.length; ) {
    let end = Math.min(start + limit, text.length);
    const code = text.charCodeAt(end - 1);
    if (end < text.length && code >= 0xd800 && code <= 0xdbff) end--;
    yield text.slice(start, end);
    start = end;
  }
}

/** Shows a name amid other text: as it is, or as JSON in quotes where it could be taken for more than a name. */
export const showName = (name: string): string => (PLAIN_NAME.test(name) ? name : JSON.stringify(name));

const PLAIN_NAME = /^[\p{L}\p{M}\p{N}_.$/#@+[\]-]+$/u;

/** Leaves of all that ends a line the line feed alone: the others are written as escapes, which are no longer than in JSON. */
export const onlyLineFeeds = (text: string): string => text.replace(LINE_ENDS, (end) => LINE_END_ESCAPES.get(end) ?? "\\n");

const LINE_ENDS = /[\r\v\f\u0085\u2028\u2029]/g;

const LINE_END_ESCAPES: ReadonlyMap<string, string> = new Map([
  ["\r", "\\r"],
  ["\v", "\\u000b"],
  ["\f", "\\f"]
]);

/** Keeps of a text what can be shown on one line, at most `limit` characters, so that no name grows sixfold when it is written as JSON. */
export function printable(text: string, limit: number): string {
  return [...text.toWellFormed().replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "")].slice(0, limit).join("");
}
