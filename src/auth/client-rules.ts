import type { ClientRegistrationCallbackResult } from "@cloudflare/workers-oauth-provider";
import { utf8Bytes } from "../lib/text.ts";

/** How long a client's name may be: one that registers is refused more, and of one that describes itself no more is shown. */
export const MAX_NAME_LENGTH = 128;

/** VS Code has listed six. */
const MAX_REDIRECTS = 10;
const MAX_URI_LENGTH = 2000;

/** Why a client may not register itself; `undefined` if it may. What the library checks is not checked again. */
export function refuseRegistration({ client_name, redirect_uris }: Record<string, unknown>): ClientRegistrationCallbackResult | undefined {
  if (typeof client_name === "string" && client_name.length > MAX_NAME_LENGTH)
    return { code: "invalid_client_metadata", description: `client_name holds at most ${MAX_NAME_LENGTH} characters.` };
  if (!Array.isArray(redirect_uris)) return undefined;
  if (redirect_uris.length > MAX_REDIRECTS)
    return { code: "invalid_redirect_uri", description: `A client has at most ${MAX_REDIRECTS} redirect_uris.` };
  if (redirect_uris.some((uri) => typeof uri === "string" && uri.length > MAX_URI_LENGTH))
    return { code: "invalid_redirect_uri", description: `A redirect URI holds at most ${MAX_URI_LENGTH} characters.` };
  return undefined;
}

/**
 * Whether a client's id is the address of a document that must not be fetched: at an address of numbers, at a name that only a
 * private network knows, or at another port than the usual one.
 * Source: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document-00#section-6.5
 */
export function isForbiddenDocument(clientId: string): boolean {
  if (!/^https?:/i.test(clientId)) return false; // the name of a client that registered
  const url = URL.parse(clientId);
  if (!url) return true;
  const host = url.hostname.replace(/\.+$/, "").toLowerCase();
  const isNumeric = host.startsWith("[") || /^[\d.]+$/.test(host); // the parser has read 0x7f.1 and 2130706433 by now
  return isNumeric || !host.includes(".") || url.port !== "" || INTERNAL.test(host);
}

/** Whether a name that a request gives can be the name of a row in KV: what is longer is nobody's, and KV would fail on it. */
export const isNameable = (name: string): boolean => utf8Bytes(name) <= MAX_NAME_BYTES;

/** KV's 512, less what the library puts before and after: https://developers.cloudflare.com/kv/platform/limits */
const MAX_NAME_BYTES = 400;

/** https://www.iana.org/assignments/special-use-domain-names, and what private networks and clouds use besides. */
const INTERNAL = /(?:^|\.)(?:localhost|local|internal|intranet|corp|home|lan|localdomain|home\.arpa|onion|invalid)$/;
