import { cut } from "../lib/text.ts";
import type { Catalog, CatalogSlice } from "../mcp/catalog.ts";
import type { Keyring } from "../mcp/keyring.ts";
import type { Principal } from "../mcp/principal.ts";
import { isSessionfulRevision, SESSIONFUL_REVISIONS } from "../mcp/revisions.ts";
import { type Session, verifySessionId } from "../mcp/session-id.ts";
import { type SessionVerb, toObjectRequest } from "../mcp/session-request.ts";
import { refuse } from "./respond.ts";

/** What the edge knows of a request that was let in. */
export interface Admitted {
  readonly catalog: Catalog;
  readonly slice: CatalogSlice;
  readonly slicePath: string;
  readonly principal: Principal;
  readonly keyring: Keyring;
  readonly sessions: Env["SESSION"];
}

/** Asks the session's object. An object that was ended answers 404, as one that never was. */
export type AskSession = (verb: SessionVerb, details?: { body?: string; lastEventId?: string | undefined }) => Promise<Response>;

/** The session that a request names, and its object; or a refusal, with no object touched. */
export function findSession(
  request: Request,
  { keyring, principal, slicePath, sessions }: Admitted
): { session: Session; ask: AskSession } | Response {
  const sessionId = request.headers.get("mcp-session-id");
  if (sessionId === null) return refuse("session_required", "Send the Mcp-Session-Id that initialize answered.", NO_ID);
  const session = verifySessionId(keyring, principal.id, sessionId, Date.now());
  if (!session) return refuseUnknown();
  const revision = request.headers.get("mcp-protocol-version");
  if (revision !== null && !isSessionfulRevision(revision)) return refuseRevision(revision);
  const stub = sessions.get(sessions.idFromName(`session:${session.name}`));
  return {
    session,
    async ask(verb, { body, lastEventId } = {}) {
      const response = await stub.fetch(toObjectRequest(verb, { sessionId, principal, slicePath, lastEventId }, body));
      return response.status === 404 ? refuseUnknown() : response;
    }
  };
}

const NO_ID = { id: null } as const;

const refuseUnknown = (): Response =>
  refuse("session_not_found", "No session of yours has this id. Begin a new one with initialize.", NO_ID);

function refuseRevision(revision: string): Response {
  const data = { supported: [...SESSIONFUL_REVISIONS] };
  return refuse("unsupported_revision", `Unsupported MCP-Protocol-Version: ${cut(revision, 40)}`, { id: null, data });
}
