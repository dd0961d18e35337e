import { createHash, randomUUID } from "node:crypto";
import { canonicalJson } from "../../lib/canonical-json.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { SuspendedCall } from "../ask.ts";
import type { Keyring } from "../signed/keyring.ts";
import { seal, unseal } from "../signed/seal.ts";

/** Whose request a state belongs to: it opens for no other. */
export interface StateOwner {
  readonly principalId: string;
  readonly method: string;
  readonly params: JsonObject;
}

/** What a request that asks its client leaves with it, sealed, for the request that goes on. */
export interface RequestState {
  /** The replies so far. */
  readonly replies: JsonObject;
  /** The call that waits, where it is one. */
  readonly call: SuspendedCall | undefined;
  /** Milliseconds since the epoch. */
  readonly expiresMs: number;
}

/**
 * Seals a state. The client keeps it and must not read it; whom it belongs to is part of the seal, and not written in it.
 * Source: https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/mrtr#server-requirements-basic-workflow
 */
export function sealState(keyring: Keyring, owner: StateOwner, { replies, call, expiresMs }: RequestState): string {
  const suspended = call ? [call.seq, call.startedMs] : [];
  return seal(keyring, purposeOf(owner), JSON.stringify([expiresMs, randomUUID(), replies, ...suspended]));
}

/** Opens a state; `undefined` for one that was changed, has expired or is another request's. `nonce` tells it from any other. */
export function openState(
  keyring: Keyring,
  owner: StateOwner,
  sealed: string,
  nowMs: number
): (RequestState & { readonly nonce: string }) | undefined {
  const text = unseal(keyring, purposeOf(owner), sealed);
  if (text === undefined) return undefined;
  const [expiresMs, nonce, replies, seq, startedMs] = JSON.parse(text) as [number, string, JsonObject, number?, number?];
  if (expiresMs <= nowMs) return undefined;
  const call = seq === undefined || startedMs === undefined ? undefined : { seq, startedMs };
  return { replies, call, expiresMs, nonce };
}

/** The order of the arguments does not count: a client may write them otherwise the second time. */
function purposeOf({ principalId, method, params }: StateOwner): string {
  const { name, uri, arguments: args = {} } = params;
  const digest = createHash("sha256").update(canonicalJson(args)).digest("base64url");
  return `request state\n${JSON.stringify([principalId, method, name ?? uri ?? null, digest])}`;
}
