import { rememberLast } from "../lib/remember.ts";

/** Tells which media types a request takes as an answer: https://www.rfc-editor.org/rfc/rfc9110#name-accept */
export function accepts(request: Request, type: string): boolean {
  const ranges = readRanges(request.headers.get("accept") ?? "");
  return ranges.has(type) || ranges.has("*/*") || ranges.has(type.replace(/\/.*/, "/*"));
}

const readRanges = rememberLast(
  (accept: string): ReadonlySet<string> => new Set(accept.split(",").map((part) => part.split(";")[0]?.trim().toLowerCase() ?? ""))
);
