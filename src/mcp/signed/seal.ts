import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { Keyring } from "./keyring.ts";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SEALED = /^([0-9a-z]{8})\.([\w-]+)$/;

/**
 * Seals text with AES-256-GCM so that only this server can read it and nobody can change it: `<kid>.<nonce, text, tag>`.
 * @param purpose what it is for; sealed text is refused where it is opened for another.
 */
export function seal(keyring: Keyring, purpose: string, text: string): string {
  const { kid, seal: key } = keyring[0];
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(purpose));
  const sealed = Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return `${kid}.${sealed.toString("base64url")}`;
}

/** Opens what {@link seal} sealed for the same purpose; `undefined` for anything else, changed by a single bit or of a lost secret. */
export function unseal(keyring: Keyring, purpose: string, sealed: string): string | undefined {
  const [, kid, body] = SEALED.exec(sealed) ?? [];
  const keys = keyring.find((candidate) => candidate.kid === kid);
  if (!keys || body === undefined) return undefined;
  const bytes = Buffer.from(body, "base64url");
  // The last letter may hold bits that no byte takes: with others in their place it is not what was sealed.
  if (bytes.byteLength < NONCE_BYTES + TAG_BYTES || bytes.toString("base64url") !== body) return undefined;
  try {
    const decipher = createDecipheriv("aes-256-gcm", keys.seal, bytes.subarray(0, NONCE_BYTES));
    decipher.setAAD(Buffer.from(purpose)).setAuthTag(bytes.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString("utf8");
  } catch {
    return undefined;
  }
}
