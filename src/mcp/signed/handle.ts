import { createHmac } from "node:crypto";
import { numberFromBase32, numberToBase32, toBase32 } from "../../lib/base32.ts";
import type { Keyring } from "./keyring.ts";

/** What a handle can name. */
export type HandleKind = "call" | "ses" | "run" | "res";

/**
 * A name for something that an object keeps: `<kind>_<owner>_<seq>_<mac>`. It grants nothing: the principal is checked each time.
 * The MAC makes a forged or foreign handle "not found" before any object is asked.
 */
export interface Handle {
  readonly kind: HandleKind;
  /** Which object keeps it, as {@link ownerRef} tells. */
  readonly owner: string;
  readonly seq: number;
}

const HANDLE = /^(call|ses|run|res)_([0-9a-z]{8})_([0-9a-z]{1,11})_([0-9a-z]{4})$/;

export function mintHandle(keyring: Keyring, principalId: string, handle: Handle): string {
  const body = `${handle.kind}_${handle.owner}_${numberToBase32(handle.seq)}`;
  return `${body}_${macOf(keyring[0].handle, principalId, body)}`;
}

/** Reads a handle of this principal; `undefined` for anything else, another's handle included. */
export function readHandle(keyring: Keyring, principalId: string, text: string): Handle | undefined {
  const parts = HANDLE.exec(text);
  if (!parts) return undefined;
  const [, kind, owner, digits, mac] = parts;
  const seq = numberFromBase32(digits ?? "");
  const body = text.slice(0, text.lastIndexOf("_"));
  const isGenuine = keyring.some((keys) => macOf(keys.handle, principalId, body) === mac);
  if (!isGenuine || seq === undefined || !owner) return undefined;
  return { kind: kind as HandleKind, owner, seq };
}

/** The handle of a session: it has no number. */
export const mintSessionHandle = (keyring: Keyring, principalId: string, owner: string): string =>
  mintHandle(keyring, principalId, { kind: "ses", owner, seq: 0 });

/** The short name of a session object, or of a home, within its principal: 40 of its 128 random bits. */
export function ownerRef(sessionName: string): string {
  return toBase32(Buffer.from(sessionName, "base64url").subarray(0, 5));
}

// Twenty bits: a handle names, the principal's own check protects.
function macOf(key: Uint8Array, principalId: string, body: string): string {
  return toBase32(createHmac("sha256", key).update(`${principalId}\n${body}`).digest()).slice(0, 4);
}
