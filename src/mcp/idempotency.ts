import { createHash } from "node:crypto";
import { canonicalJson } from "../lib/canonical-json.ts";
import type { JsonObject } from "../lib/json.ts";
import type { ToolResult } from "./content.ts";
import { InvalidInput, type Outcome } from "./errors.ts";

/** The name of the key in a request's `_meta`. */
export const IDEMPOTENCY_META = "dormouse/idempotency-key";

/** The argument of write tools that is the key as well, for clients that cannot set `_meta`. */
export const IDEMPOTENCY_ARGUMENT = "idempotency_key";

const MAX_KEY_LENGTH = 200;

/** What the argument is, as a tool's schema says it. */
export const IDEMPOTENCY_SCHEMA: JsonObject = {
  type: "string",
  minLength: 1,
  maxLength: MAX_KEY_LENGTH,
  description:
    "A text of your choice, new for each thing to do: the same call with the same key is done once, and answered the same for 24 hours"
};

/** A call that shall be done once. */
export interface KeyedCall {
  readonly key: string;
  /** Of the tool and its arguments, whatever the order of their members. */
  readonly digest: string;
}

/** How a keyed call ended: what each repetition is answered. */
export interface KeyedOutcome {
  readonly outcome: Outcome;
  readonly result: ToolResult;
}

/** What becomes of a call that carries a key. */
export type Claim =
  /** It is the first: it runs, and says what came of it. */
  | { readonly state: "first"; settle(outcome: KeyedOutcome): Promise<void>; release(): Promise<void> }
  /** The first has ended so. */
  | { readonly state: "settled"; readonly outcome: KeyedOutcome }
  /** The first went on for longer than this one may wait. */
  | { readonly state: "running" }
  /** The first was in flight when its object was lost. */
  | { readonly state: "unknown" }
  /** The key was given to another call. */
  | { readonly state: "taken" };

/** Where keys are claimed: a principal's home, whoever asks. */
export interface Keys {
  claim(call: KeyedCall): Promise<Claim>;
}

/**
 * Reads the key of a call.
 * @throws InvalidInput for one that is not text of 1 to 200 characters, or where `_meta` and the argument differ.
 */
export function readKey(meta: JsonObject, argument: unknown): string | undefined {
  const key = meta[IDEMPOTENCY_META] ?? argument;
  if (key === undefined) return undefined;
  if (typeof key !== "string" || key === "" || key.length > MAX_KEY_LENGTH)
    throw new InvalidInput(`An idempotency key is text of 1 to ${MAX_KEY_LENGTH} characters. Nothing was done.`);
  if (argument !== undefined && argument !== key)
    throw new InvalidInput(`_meta and the argument ${IDEMPOTENCY_ARGUMENT} hold different keys. Nothing was done.`);
  return key;
}

/** Tells the call of a key from any other. */
export const digestOf = (tool: string, args: JsonObject): string =>
  createHash("sha256")
    .update(`${tool}\n${canonicalJson(args)}`)
    .digest("base64url");
