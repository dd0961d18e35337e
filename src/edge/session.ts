import { cut } from "../lib/text.ts";
import type { Catalog, CatalogSlice } from "../mcp/catalog.ts";
import { askObject, type SessionVerb } from "../mcp/doors/session-request.ts";
import type { Caller, Scope } from "../mcp/principal.ts";
import { isSessionfulRevision, SESSIONFUL_REVISIONS } from "../mcp/protocol/revisions.ts";
import type { Keyring } from "../mcp/signed/keyring.ts";
import { isExpired, type Session, verifySessionId } from "../mcp/signed/session-id.ts";
import type { ChallengeHeader } from "./challenge.ts";
import { refuse } from "./respond.ts";

/** What the edge knows of a request that was let in. */
export interface Admitted {
  readonly catalog: Catalog;
  readonly slice: CatalogSlice;
  readonly slicePath: string;
  readonly caller: Caller;
  readonly challenge: ChallengeHeader;
  /** What people can grant on this server. */
  readonly grantable: readonly Scope[];
  /** Whether the caller would still be let in: asked by what stays open. */
  isStillGood(): Promise<boolean>;
  readonly keyring: Keyring;
  readonly sessions: Env["SESSION"];
  readonly homes: Env["HOME"];
}

/** Asks the session's object. An object that was ended answers 404, as one that never was. */
export type AskSession = (
  verb: SessionVerb,
  details?: { body?: string; lastEventId?: string | undefined; resume?: string | undefined }
) => Promise<Response>;

/** The session that a request names, and its object; or a refusal, with no object touched. */
export function findSession(
  request: Request,
  { keyring, caller, slicePath, sessions }: Admitted,
  sessionId: string | null = request.headers.get("mcp-session-id")
): { session: Session; ask: AskSession } | Response {
  if (sessionId === null) return refuse("session_required", "Send the Mcp-Session-Id that initialize answered.", NO_ID);
  const session = knownSession(sessions, keyring, caller.principal.id, sessionId);
  if (!session) return refuseUnknown();
  const revision = request.headers.get("mcp-protocol-version");
  if (revision !== null && !isSessionfulRevision(revision)) return refuseRevision(revision);
  return {
    session: session.session,
    async ask(verb, { body, lastEventId, resume } = {}) {
      const object = sessions.get(session.objectId);
      const response = await askObject(object, verb, { sessionId, caller, slicePath, lastEventId, resume }, body);
      return response.status === 404 ? refuseUnknown() : response;
    }
  };
}

/** A session whose id was verified, so that its next requests need not compute the MAC again. */
interface KnownSession {
  readonly session: Session;
  readonly objectId: DurableObjectId;
  readonly principalId: string;
  readonly keyring: Keyring;
}

const MAX_KNOWN = 2000;
const known = new Map<string, KnownSession>();

function knownSession(sessions: Env["SESSION"], keyring: Keyring, principalId: string, id: string): KnownSession | undefined {
  const found = known.get(id);
  if (found && found.principalId === principalId && found.keyring === keyring)
    return isExpired(found.session, Date.now()) ? undefined : found;
  const session = verifySessionId(keyring, principalId, id, Date.now());
  if (!session) return undefined;
  const verified = { session, objectId: sessions.idFromName(`session:${session.name}`), principalId, keyring };
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(id, verified);
  return verified;
}

const NO_ID = { id: null } as const;

const refuseUnknown = (): Response =>
  refuse("session_not_found", "No session of yours has this id. Begin a new one with initialize.", NO_ID);

function refuseRevision(revision: string): Response {
  const data = { supported: [...SESSIONFUL_REVISIONS] };
  return refuse("unsupported_revision", `Unsupported MCP-Protocol-Version: ${cut(revision, 40)}`, { id: null, data });
}
