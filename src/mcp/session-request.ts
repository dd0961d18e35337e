import type { Principal } from "./principal.ts";
import type { SessionInit } from "./session-id.ts";
import { readSessionId } from "./session-id.ts";

/** What the edge asks of a session object. */
export type SessionVerb = "post";

/** What the edge found out about a request before it reached the object. */
export interface SessionRequest {
  readonly sessionId: string;
  readonly principal: Principal;
  /** The path below `/mcp`. */
  readonly slicePath: string;
}

const HEADERS = { sessionId: "mcp-session-id", principal: "dormouse-principal", slicePath: "dormouse-slice" } as const;

/**
 * Makes the request that goes from the edge to the object. It is made anew: nothing of what the client sent reaches the
 * object but the body, so no header of a client can pass for ours.
 */
export function toObjectRequest(verb: SessionVerb, request: SessionRequest, body: string): Request {
  return new Request(`https://session/${verb}`, {
    method: "POST",
    body,
    headers: {
      [HEADERS.sessionId]: request.sessionId,
      [HEADERS.principal]: JSON.stringify(request.principal),
      [HEADERS.slicePath]: request.slicePath
    }
  });
}

/** Reads what {@link toObjectRequest} wrote. Only the edge can reach an object, so nothing is checked again. */
export function fromObjectRequest(request: Request): { verb: string; principal: Principal; slicePath: string; init: SessionInit } {
  const header = (name: string) => request.headers.get(name) ?? "";
  return {
    verb: request.url.slice(request.url.lastIndexOf("/") + 1),
    principal: JSON.parse(header(HEADERS.principal)) as Principal,
    slicePath: header(HEADERS.slicePath),
    init: readSessionId(header(HEADERS.sessionId)).init
  };
}
