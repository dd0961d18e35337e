import type { Config } from "../config.ts";
import type { Catalog } from "../mcp/catalog.ts";
import { homeNameOf } from "../mcp/doors/home-name.ts";
import { askHome } from "../mcp/doors/home-request.ts";
import { ownerRef, readHandle } from "../mcp/signed/handle.ts";
import { authenticate, type Credible } from "./authenticate.ts";
import { createChallenge } from "./challenge.ts";
import { homeStubOf } from "./home-stub.ts";
import { refuse } from "./respond.ts";

const RESULT_PATH = /^\/results\/([^/]+)$/;

/** The toolset whose credentials open a result: those of the whole server do as well. */
const SLICE_PATH = "/x/results";

/** The handle that a path names, for downloads of results. */
export const readResultPath = (pathname: string): string | undefined => RESULT_PATH.exec(pathname)?.[1];

/** What {@link serveResultDownload} looks at. */
export interface ResultDoor extends Pick<Credible, "url" | "env" | "keys"> {
  readonly catalog: Catalog;
  readonly config: Config;
}

/**
 * Serves a download of a stored result, with the same credentials as `/mcp`: whole, or a range of it. A handle that is forged,
 * another's or expired is answered as one that never was, and no object is made for it.
 */
export async function serveResultDownload(
  request: Request,
  handle: string,
  { url, env, keys, catalog, config }: ResultDoor
): Promise<Response> {
  const { keyring } = config;
  if (!keyring) return refuse("not_configured", "DORMOUSE_SECRET is not set. Run: npm run deploy");
  const address = new URL(`/mcp${SLICE_PATH}${url.search}`, url);
  const challenge = createChallenge(address, SLICE_PATH, catalog, config.signIn !== undefined);
  const caller = await authenticate(request, { url: address, env, config, keys, challenge });
  if (caller instanceof Response) return caller;
  const { principal } = caller;
  if (!principal.scopes.includes("mcp:use")) {
    const scopes = [...principal.scopes, "mcp:use" as const];
    const headers = challenge({ error: "insufficient_scope", scopes });
    return refuse("insufficient_scope", "This needs the scope mcp:use, which your credentials do not have.", { headers, data: { scopes } });
  }
  if (request.method !== "GET" && request.method !== "HEAD")
    return refuse("method_not_allowed", "Send one of GET, HEAD, OPTIONS.", { headers: { allow: "GET, HEAD, OPTIONS" } });
  const read = readHandle(keyring, principal.id, handle);
  if (read?.kind !== "res" || read.owner !== ownerRef(homeNameOf(principal.id))) return refuseUnknown();
  const { headers, method, signal } = request;
  const download = {
    result: handle,
    isHead: method === "HEAD",
    range: headers.get("range") ?? undefined,
    ifRange: headers.get("if-range") ?? undefined,
    ifNoneMatch: headers.get("if-none-match") ?? undefined
  };
  const asked = { caller, slicePath: SLICE_PATH, canStream: true, download };
  const answer = await askHome(homeStubOf(principal, env.HOME), "result", asked, { signal });
  return answer.status === 404 ? refuseUnknown() : answer;
}

const refuseUnknown = (): Response =>
  refuse("result_not_found", "No result of yours has this handle: it may have expired. list_results tells which there are.");
