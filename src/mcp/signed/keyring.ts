import { hkdfSync } from "node:crypto";
import { toBase32 } from "../../lib/base32.ts";

/** The keys derived from one secret, a label each. */
export interface Keys {
  /** Names the secret without telling it, so that what was minted under it is recognised after a rotation. */
  readonly kid: string;
  readonly sessionId: Uint8Array;
  readonly handle: Uint8Array;
  readonly seal: Uint8Array;
}

/** The keys in use, first those of the current secret. */
export type Keyring = readonly [Keys, ...Keys[]];

/** Derives the keys of `DORMOUSE_SECRET` and, while a rotation lasts, of `DORMOUSE_SECRET_PREVIOUS`. */
export function createKeyring(secret: string, previous?: string): Keyring {
  return previous ? [keysOf(secret), keysOf(previous)] : [keysOf(secret)];
}

function keysOf(secret: string): Keys {
  const derive = (label: string, sizeBytes: number) => new Uint8Array(hkdfSync("sha256", secret, "dormouse", label, sizeBytes));
  return {
    kid: toBase32(derive("kid", 5)),
    sessionId: derive("session-id", 32),
    handle: derive("handle", 32),
    seal: derive("seal", 32)
  };
}
