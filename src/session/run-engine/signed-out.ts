import type { Principal } from "../../mcp/principal.ts";

/** What a run waits for whose sign-in GitHub refuses. Only a person has one. */
export const reasonOfRefusal =
  "GitHub no longer accepts the sign-in that this run acts with. Connect again and sign in; the run then goes on by itself.";

/** What a run waits for whose credentials are not valid any more. */
export const reasonOfRevocation = ({ kind }: Principal): string =>
  kind === "key"
    ? "The API key that started this run was revoked, rotated or has expired. Ask for the run (get_run) with a key that is valid; it then goes on."
    : "The sign-in that this run acts with was revoked. Connect again and sign in; the run then goes on by itself.";

/** Why a run has failed that nobody has signed in for. */
export const reasonOfExpiry = ({ updatedMs, error }: { readonly updatedMs: number; readonly error: string | undefined }): string =>
  `It was signed out on ${new Date(updatedMs).toISOString().slice(0, 10)} and waited in vain; what it was started with is deleted. Start a new run. It waited for this: ${error}`;
