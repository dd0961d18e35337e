import { isJsonObject, type Json } from "./json.ts";

/** Reads a JSON Pointer: its tokens, unescaped; `undefined` for what is none. https://www.rfc-editor.org/rfc/rfc6901#section-3 */
export function readPointer(pointer: string): readonly string[] | undefined {
  if (pointer === "") return [];
  if (!pointer.startsWith("/") || /~(?![01])/.test(pointer)) return undefined;
  return pointer
    .slice(1)
    .split("/")
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** Writes tokens as a JSON Pointer. */
export const writePointer = (tokens: readonly string[]): string =>
  tokens.map((token) => `/${token.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

/**
 * Returns what stands where the tokens of a pointer lead; `undefined` where nothing does. Only what JSON would write is there:
 * neither `length` of an array nor anything inherited.
 */
export function valueAt(root: Json, tokens: readonly string[]): Json | undefined {
  let value: Json | undefined = root;
  for (const token of tokens) {
    if (Array.isArray(value)) value = INDEX.test(token) ? value[Number(token)] : undefined;
    else if (isJsonObject(value)) value = Object.hasOwn(value, token) ? value[token] : undefined;
    else return undefined;
  }
  return value;
}

/** https://www.rfc-editor.org/rfc/rfc6901#section-4: no leading zeros, and `-` names no element. */
const INDEX = /^(?:0|[1-9]\d{0,15})$/;
