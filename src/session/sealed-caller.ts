import type { Caller, Credentials, Principal } from "../mcp/principal.ts";
import type { Keyring } from "../mcp/signed/keyring.ts";
import { seal, unseal } from "../mcp/signed/seal.ts";

/** A caller as it may be stored: what it acts with elsewhere is sealed. */
export interface SealedCaller extends Omit<Credentials, "githubToken"> {
  readonly principal: Principal;
  /** Absent where the server's own token does. */
  readonly sealedToken: string | undefined;
}

/** What a socket carries of who opened it. */
export function sealCaller(keyring: Keyring, { principal, credentials }: Caller): SealedCaller {
  const { githubToken, ...rest } = credentials;
  return { principal, ...rest, sealedToken: githubToken === undefined ? undefined : seal(keyring, PURPOSE, githubToken) };
}

/** Who opened a socket; `undefined` if the secret that sealed it is gone. */
export function unsealCaller(
  keyring: Keyring,
  { principal, proof, lastingProof, expiresMs, sealedToken }: SealedCaller
): Caller | undefined {
  const githubToken = sealedToken === undefined ? undefined : unseal(keyring, PURPOSE, sealedToken);
  if (sealedToken !== undefined && githubToken === undefined) return undefined;
  return { principal, credentials: { proof, lastingProof, expiresMs, githubToken } };
}

const PURPOSE = "socket";
