/**
 * Reads a header without the white space around it, which the runtime leaves where it was.
 * Source: https://www.rfc-editor.org/rfc/rfc9110#name-field-values
 */
export function readHeader(headers: Headers, name: string): string | null {
  const value = headers.get(name);
  if (value === null || (!isBlank(value.charCodeAt(0)) && !isBlank(value.charCodeAt(value.length - 1)))) return value;
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value.charCodeAt(start))) start++;
  while (end > start && isBlank(value.charCodeAt(end - 1))) end--;
  return value.slice(start, end);
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;
