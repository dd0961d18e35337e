import { rememberLast } from "../../lib/remember.ts";
import type { Caller } from "../principal.ts";
import type { SessionInit } from "../signed/session-id.ts";
import { readSessionId } from "../signed/session-id.ts";
import { CALLER_HEADER, createCallerReader, toCallerHeader } from "./caller-header.ts";

/**
 * What the edge asks of a session object: to take messages, to give a stream's reader a socket, to tell whether the session was
 * ended, to end it, or to open a socket that speaks MCP.
 */
export type SessionVerb = "post" | "get" | "alive" | "end" | "socket";

/** What the edge found out about a request before it reached the object. */
export interface SessionRequest {
  readonly sessionId: string;
  readonly caller: Caller;
  /** The path below `/mcp`. */
  readonly slicePath: string;
  /** Where a reader left off. */
  readonly lastEventId?: string | undefined;
  /** The name of the socket that a new one takes the place of. */
  readonly resume?: string | undefined;
}

const HEADERS = {
  sessionId: "mcp-session-id",
  lastEventId: "last-event-id",
  resume: "dormouse-resume"
} as const;

const ORIGIN = "https://session";

/**
 * Asks an object. The request is made anew: nothing of what the client sent reaches the object but the body, so no header of a
 * client can pass for ours.
 */
export function askObject(object: Fetcher, verb: SessionVerb, request: SessionRequest, body?: string): Promise<Response> {
  const { sessionId, caller, slicePath, lastEventId, resume } = request;
  const isUpgrade = verb === "get" || verb === "socket";
  const headers: Record<string, string> = { [HEADERS.sessionId]: sessionId, [CALLER_HEADER]: toCallerHeader(caller) };
  if (lastEventId !== undefined) headers[HEADERS.lastEventId] = lastEventId;
  if (resume !== undefined) headers[HEADERS.resume] = resume;
  if (isUpgrade) headers.upgrade = "websocket";
  return object.fetch(`${ORIGIN}/${verb}${slicePath}`, {
    method: isUpgrade ? "GET" : "POST",
    headers,
    ...(body !== undefined && { body })
  });
}

/** A {@link SessionRequest} as the object reads it. */
export interface ObjectRequest extends Omit<SessionRequest, "sessionId"> {
  readonly verb: SessionVerb;
  readonly init: SessionInit;
}

/**
 * Makes a reader of what {@link askObject} sends to one object, whose requests repeat themselves. Only the edge can reach an
 * object, so nothing is checked again.
 */
export function createObjectRequestReader(): (request: Request) => ObjectRequest {
  const readCaller = createCallerReader();
  const readInit = rememberLast((sessionId: string) => readSessionId(sessionId).init);
  const readTarget = rememberLast((url: string) => {
    const target = url.slice(ORIGIN.length + 1);
    const end = target.indexOf("/");
    // The edge wrote it: one of the verbs, then the path of the slice.
    return { verb: (end < 0 ? target : target.slice(0, end)) as SessionVerb, slicePath: end < 0 ? "" : target.slice(end) };
  });
  return ({ url, headers }) => ({
    ...readTarget(url),
    caller: readCaller(headers),
    lastEventId: headers.get(HEADERS.lastEventId) ?? undefined,
    resume: headers.get(HEADERS.resume) ?? undefined,
    init: readInit(headers.get(HEADERS.sessionId) ?? "")
  });
}
