import { rememberLast } from "../../lib/remember.ts";
import type { Caller } from "../principal.ts";

/**
 * The header in which the edge tells an object who calls. The platform keeps the headers of each request in its logs, an object's
 * too, and strikes out the value of a name that holds `auth`.
 * Source: https://developers.cloudflare.com/workers/runtime-apis/handlers/tail/#tailrequest
 */
export const CALLER_HEADER = "dormouse-authorization";

/** Writes a caller in ASCII: of any other value the runtime warns in the log, and quotes it. A client may be named by any address. */
export const toCallerHeader = rememberLast((caller: Caller): string => JSON.stringify(caller).replace(/[^\x20-\x7e]/g, toEscaped));

/** Makes a reader of what {@link toCallerHeader} wrote, for one object, whose requests repeat themselves. */
export const createCallerReader = (): ((headers: Headers) => Caller) => {
  const read = rememberLast((text: string) => JSON.parse(text) as Caller); // only the edge can reach an object
  return (headers) => read(headers.get(CALLER_HEADER) ?? "");
};

/** A unit of UTF-16 as JSON writes it. */
const toEscaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
