import { createHash } from "node:crypto";

/**
 * The name of the object that owns what belongs to a principal. Hashed, so that no name in a log or a dashboard tells who it is;
 * without a secret, so that a rotation of secrets leaves everybody's history where it is.
 */
export const homeNameOf = (principalId: string): string =>
  createHash("sha256").update(`dormouse home\n${principalId}`).digest().subarray(0, NAME_BYTES).toString("base64url");

const NAME_BYTES = 16;
