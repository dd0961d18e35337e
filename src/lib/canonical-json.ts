import type { Json } from "./json.ts";

/**
 * Writes JSON so that equal values give equal text: members in the order of their names' UTF-16 units, no white space.
 * For what `JSON.parse` can produce this is RFC 8785, whose numbers and strings are those of `JSON.stringify`:
 * https://www.rfc-editor.org/rfc/rfc8785#section-3.2. It recurses: refuse what nests deeply before.
 */
export function canonicalJson(value: Json): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const members: string[] = [];
  for (const name of Object.keys(value).sort()) {
    const member = value[name];
    if (member !== undefined) members.push(`${JSON.stringify(name)}:${canonicalJson(member)}`);
  }
  return `{${members.join(",")}}`;
}
