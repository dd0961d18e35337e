import { canonicalJson } from "../../lib/canonical-json.ts";
import { isJsonObject, type Json, type JsonObject } from "../../lib/json.ts";
import { readPointer, valueAt } from "../../lib/json-pointer.ts";
import { memberPath } from "../../lib/member-path.ts";
import { cut, utf8Bytes } from "../../lib/text.ts";
import { InvalidInput, TooLarge } from "../errors.ts";
import type { Condition, RunValues } from "../workflow.ts";
import { partsOfText } from "./reference-text.ts";

/** A reference, and where it stands, as in `steps[2].arguments.labels[0]`. */
export interface Reference {
  readonly path: string;
  /** As it was written: whether it is one, `readPointer` tells. */
  readonly pointer: string;
  /** False for an object that holds more than `$ref`. */
  readonly isAlone: boolean;
}

/** What a template is resolved for. */
export interface Resolving {
  /** Where the template stands, as errors name it: `steps[2].arguments`. */
  readonly path: string;
  /** How long the result may be as JSON. */
  readonly maxBytes: number;
}

/**
 * Fills in the references of a template: `{"$ref": pointer}` becomes the very value; `{{pointer}}` in text becomes its text, or its
 * JSON if it is no text. What is filled in is data: it is never looked through for references, whatever an upstream wrote into it.
 * The result shares values with what they came from.
 * @throws InvalidInput for a pointer that leads nowhere, TooLarge.
 */
export function resolve(template: Json, values: RunValues, { path, maxBytes }: Resolving): Json {
  const size = new Size(path, maxBytes);

  function resolvePart(part: Json, at: string): Json {
    if (typeof part === "string") return resolveText(part, at);
    if (Array.isArray(part)) {
      size.add(bracketsBytes(part.length));
      return part.map((element, index) => resolvePart(element, memberPath(at, index)));
    }
    if (!isJsonObject(part)) {
      size.add(jsonBytes(part));
      return part;
    }
    if (Object.hasOwn(part, "$ref")) return resolveReference(toReference(part, at));
    const members: [string, Json][] = [];
    for (const [name, member] of Object.entries(part)) {
      if (member === undefined) continue;
      size.add(jsonBytes(name) + COLON_BYTES);
      members.push([name, resolvePart(member, memberPath(at, name))]);
    }
    size.add(bracketsBytes(members.length));
    return Object.fromEntries(members); // which, unlike an assignment, takes __proto__ for a name like any other
  }

  function resolveReference({ pointer, path: at, isAlone }: Reference): Json {
    if (!isAlone) throw new InvalidInput(`${at} has a "$ref" and more: a reference stands alone in its object.`);
    const value = find(pointer, values, at);
    size.add(jsonBytes(value), pointer, at);
    return value;
  }

  function resolveText(text: string, at: string): string {
    let resolved = "";
    size.add(QUOTES_BYTES);
    for (const part of partsOfText(text)) {
      if ("literal" in part) {
        size.add(jsonBytes(part.literal) - QUOTES_BYTES);
        resolved += part.literal;
        continue;
      }
      const value = find(part.pointer, values, at);
      const written = typeof value === "string" ? value : JSON.stringify(value);
      size.add(jsonBytes(written) - QUOTES_BYTES, part.pointer, at);
      resolved += written;
    }
    return resolved;
  }

  return resolvePart(template, path);
}

/** Lists the references of a template that stands at `path`. */
export function referencesOf(template: Json, path: string): readonly Reference[] {
  if (typeof template === "string") return referencesOfText(template, path);
  if (Array.isArray(template)) return template.flatMap((element, index) => referencesOf(element, memberPath(path, index)));
  if (!isJsonObject(template)) return [];
  if (Object.hasOwn(template, "$ref")) return [toReference(template, path)];
  return Object.entries(template).flatMap(([name, member = null]) => referencesOf(member, memberPath(path, name)));
}

/** Tells whether a condition holds. */
export function holds({ ref, equals, exists = true }: Condition, values: RunValues): boolean {
  const value = valueFor(ref, values);
  if (equals === undefined) return (value !== undefined) === exists;
  return value !== undefined && canonicalJson(value) === canonicalJson(equals);
}

function toReference(part: JsonObject, path: string): Reference {
  const { $ref, ...rest } = part;
  return { path, pointer: typeof $ref === "string" ? $ref : JSON.stringify($ref), isAlone: Object.keys(rest).length === 0 };
}

function referencesOfText(text: string, path: string): readonly Reference[] {
  const references: Reference[] = [];
  for (const part of partsOfText(text)) if ("pointer" in part) references.push({ path, pointer: part.pointer, isAlone: true });
  return references;
}

function find(pointer: string, values: RunValues, path: string): Json {
  const value = valueFor(pointer, values);
  if (value === undefined) throw new InvalidInput(`${path} refers to ${cut(pointer, 200)}, and there is nothing there.`);
  return value;
}

function valueFor(pointer: string, values: RunValues): Json | undefined {
  const tokens = readPointer(pointer);
  return tokens && valueAt(values, tokens);
}

/** Counts what a template takes as it is filled in, so that a few references cannot make much of little. */
class Size {
  readonly #path: string;
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(path: string, maxBytes: number) {
    this.#path = path;
    this.#maxBytes = maxBytes;
  }

  /** @throws TooLarge, naming the reference with which it got so. */
  add(bytes: number, pointer?: string, path?: string): void {
    this.#bytes += bytes;
    if (this.#bytes <= this.#maxBytes) return;
    const share = pointer === undefined ? "" : ` with ${inKib(bytes)} of ${cut(pointer, 200)} in ${path}`;
    throw new TooLarge(`${this.#path} comes to ${inKib(this.#bytes)}${share}, and may take ${inKib(this.#maxBytes)}. Refer to less.`);
  }
}

const inKib = (bytes: number): string => `${Math.ceil(bytes / 1024)} KiB`;

const jsonBytes = (value: Json): number => utf8Bytes(JSON.stringify(value));
const bracketsBytes = (members: number): number => Math.max(members, 1) + 1;
const QUOTES_BYTES = 2;
const COLON_BYTES = 1;
