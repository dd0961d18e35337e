import type { Principal } from "./principal.ts";
import type { SessionInit } from "./session-id.ts";
import { readSessionId } from "./session-id.ts";

/**
 * What the edge asks of a session object: to take messages, to give a stream's reader a socket, to tell whether the session was
 * ended, or to end it.
 */
export type SessionVerb = "post" | "get" | "alive" | "end";

/** What the edge found out about a request before it reached the object. */
export interface SessionRequest {
  readonly sessionId: string;
  readonly principal: Principal;
  /** The path below `/mcp`. */
  readonly slicePath: string;
  /** Where a reader left off. */
  readonly lastEventId?: string | undefined;
}

const HEADERS = {
  sessionId: "mcp-session-id",
  principal: "dormouse-principal",
  slicePath: "dormouse-slice",
  lastEventId: "last-event-id"
} as const;

/**
 * Makes the request that goes from the edge to the object. It is made anew: nothing of what the client sent reaches the
 * object but the body, so no header of a client can pass for ours.
 */
export function toObjectRequest(verb: SessionVerb, request: SessionRequest, body?: string): Request {
  const { sessionId, principal, slicePath, lastEventId } = request;
  return new Request(`https://session/${verb}`, {
    method: verb === "get" ? "GET" : "POST",
    ...(body !== undefined && { body }),
    headers: {
      [HEADERS.sessionId]: sessionId,
      [HEADERS.principal]: JSON.stringify(principal),
      [HEADERS.slicePath]: slicePath,
      ...(lastEventId !== undefined && { [HEADERS.lastEventId]: lastEventId }),
      ...(verb === "get" && { upgrade: "websocket" })
    }
  });
}

/** A {@link SessionRequest} as the object reads it. */
export interface ObjectRequest extends Omit<SessionRequest, "sessionId"> {
  readonly verb: SessionVerb;
  readonly init: SessionInit;
}

/** Reads what {@link toObjectRequest} wrote. Only the edge can reach an object, so nothing is checked again. */
export function fromObjectRequest({ url, headers }: Request): ObjectRequest {
  const header = (name: string) => headers.get(name) ?? "";
  return {
    verb: url.slice(url.lastIndexOf("/") + 1) as SessionVerb,
    principal: JSON.parse(header(HEADERS.principal)) as Principal,
    slicePath: header(HEADERS.slicePath),
    lastEventId: headers.get(HEADERS.lastEventId) ?? undefined,
    init: readSessionId(header(HEADERS.sessionId)).init
  };
}
