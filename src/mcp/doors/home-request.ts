import { rememberLast } from "../../lib/remember.ts";
import type { Caller } from "../principal.ts";
import { CALLER_HEADER, createCallerReader, toCallerHeader } from "./caller-header.ts";

/** What the edge asks of a principal's home: to serve a request of the stateless era, to tell a listener of changes, or to send a result. */
export type HomeVerb = "request" | "listen" | "result";

/** The methods of the stateless era that a home serves; the edge answers the others. */
export const HOME_METHODS: ReadonlySet<string> = new Set(["tools/call", "prompts/get", "resources/read", "completion/complete"]);

/** What the edge found out about a request before it reached the home; the rest stands in its body, which was checked. */
export interface HomeRequest {
  readonly caller: Caller;
  /** The path below `/mcp`. */
  readonly slicePath: string;
  /** Whether the client takes a stream as an answer. */
  readonly canStream: boolean;
  /** What a listener wants to be told. */
  readonly subscription?: string | undefined;
  /** Which result to send. */
  readonly download?: ResultDownload | undefined;
}

/** What a download asks for, as its headers say it. */
export interface ResultDownload {
  readonly result: string;
  readonly isHead: boolean;
  readonly range?: string | undefined;
  readonly ifRange?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
}

const HEADERS = {
  jsonOnly: "dormouse-json-only",
  subscription: "dormouse-subscription",
  download: "dormouse-download"
} as const;

const ORIGIN = "https://home";

/**
 * Asks a principal's home. The request is made anew: nothing of what the client sent reaches the object but the body, so no header
 * of a client can pass for ours. A client that goes away aborts `signal`, and with it the request in the object.
 */
export function askHome(home: Fetcher, verb: HomeVerb, asked: HomeRequest, { body, signal }: { body?: string; signal?: AbortSignal } = {}) {
  const headers: Record<string, string> = { [CALLER_HEADER]: toCallerHeader(asked.caller) };
  if (!asked.canStream) headers[HEADERS.jsonOnly] = "1";
  if (asked.subscription !== undefined) headers[HEADERS.subscription] = Buffer.from(asked.subscription).toString("base64url");
  if (asked.download) headers[HEADERS.download] = Buffer.from(JSON.stringify(asked.download)).toString("base64url");
  if (verb === "listen") headers.upgrade = "websocket";
  return home.fetch(`${ORIGIN}/${verb}${asked.slicePath}`, {
    method: verb === "request" ? "POST" : "GET",
    headers,
    ...(body !== undefined && { body }),
    ...(signal && { signal })
  });
}

/**
 * Makes a reader of what {@link askHome} sends to one object, whose requests repeat themselves. Only the edge can reach an object,
 * so nothing is checked again.
 */
export function createHomeRequestReader(): (request: Request) => HomeRequest & { readonly verb: HomeVerb } {
  const readCaller = createCallerReader();
  const readTarget = rememberLast((url: string) => {
    const [verb = "", ...path] = url.slice(ORIGIN.length + 1).split("/");
    // The edge wrote it: one of the verbs, then the path of the slice.
    return { verb: verb as HomeVerb, slicePath: path.map((part) => `/${part}`).join("") };
  });
  return ({ url, headers }) => {
    const [subscription, download] = [headers.get(HEADERS.subscription), headers.get(HEADERS.download)];
    return {
      ...readTarget(url),
      caller: readCaller(headers),
      canStream: !headers.has(HEADERS.jsonOnly),
      subscription: subscription === null ? undefined : Buffer.from(subscription, "base64url").toString(),
      download: download === null ? undefined : (JSON.parse(Buffer.from(download, "base64url").toString()) as ResultDownload)
    };
  };
}
