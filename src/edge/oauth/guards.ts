import { isForbiddenDocument, isNameable } from "../../auth/client-rules.ts";
import { DEFAULTS } from "../../config.ts";
import { isJsonObject } from "../../lib/json.ts";
import { readBody } from "../../lib/read-body.ts";
import { cut } from "../../lib/text.ts";
import { isOverLimit, PERIOD_SECONDS } from "../address-limit.ts";

/** Lets a request through to the token endpoint, unless its body is too large or a client's description would be fetched from where it must not be. */
export async function guardTokenRequest(request: Request, serve: (request: Request) => Promise<Response>): Promise<Response> {
  if (request.method !== "POST") return serve(request);
  return serveBounded(request, (text, bounded) => {
    const form = new URLSearchParams(text);
    const clientIds = clientIdsOf(form, request.headers);
    if (clientIds.some(isForbiddenDocument)) return refuseOAuth(401, "invalid_client", FORBIDDEN);
    if (!clientIds.every(isNameable)) return refuseOAuth(401, "invalid_client", "Nobody knows this client.");
    return serve(canBeLookedUp(form) ? bounded : new Request(bounded, { body: shorten(form).toString() }));
  });
}

/** What is said of a client whose description must not be fetched. */
export const FORBIDDEN = "The client's metadata document stands at an address that is not public.";

/** Lets a request through to the registration endpoint, unless its body is too large to keep or its address has registered too many clients. */
export async function guardRegistration(request: Request, env: Env, serve: (request: Request) => Promise<Response>): Promise<Response> {
  if (request.method !== "POST") return serve(request);
  if (await isOverLimit(request, env.REGISTRATION_LIMIT)) {
    const message = `Too many clients were registered from your address. Try again in ${PERIOD_SECONDS} s.`;
    return refuseOAuth(429, "temporarily_unavailable", message, { "retry-after": String(PERIOD_SECONDS) });
  }
  return serveBounded(request, (_, bounded) => serve(bounded));
}

/** Reads a body that is small, and hands it on. */
async function serveBounded(request: Request, serve: (text: string, bounded: Request) => Response | Promise<Response>): Promise<Response> {
  const body = await readBody(request, DEFAULTS.oauth.formBytes, 8 * DEFAULTS.bodyBytes);
  if ("fault" in body) return refuseOAuth(413, "invalid_request", `The body is over ${DEFAULTS.oauth.formBytes} bytes, or is not UTF-8.`);
  const headers = new Headers(request.headers);
  headers.delete("content-length");
  return serve(body.text, new Request(request.url, { method: request.method, headers, body: body.text }));
}

/** What the library looks up in KV. */
const LOOKED_UP = ["code", "refresh_token", "token"] as const;

const canBeLookedUp = (form: URLSearchParams): boolean => LOOKED_UP.every((name) => form.getAll(name).every(isNameable));

/** What is longer than anything that was ever given out stays as unknown when it is cut, and is answered as such. */
function shorten(form: URLSearchParams): URLSearchParams {
  return new URLSearchParams([...form].map(([name, value]) => [name, LOOKED_UP.some((one) => one === name) ? cut(value, 100) : value]));
}

/** A client may name itself in the form, in Basic credentials and as the issuer of an assertion. What the library would read of each is read here. */
function clientIdsOf(form: URLSearchParams, headers: Headers): string[] {
  const [, basic = ""] = /^basic[ \t]+(.*)$/i.exec(headers.get("authorization") ?? "") ?? [];
  const named = Buffer.from(basic, "base64").toString("latin1").split(":")[0] ?? "";
  const issuers = form.getAll("client_assertion").map((assertion) => issuerOf(assertion));
  return [...form.getAll("client_id"), decode(named), ...issuers].filter((id) => id !== "");
}

function issuerOf(assertion: string): string {
  try {
    // A TextDecoder drops a byte order mark, which Buffer would keep and JSON.parse refuse.
    const claims: unknown = JSON.parse(new TextDecoder().decode(Buffer.from(assertion.split(".")[1] ?? "", "base64url")));
    return isJsonObject(claims) && typeof claims.iss === "string" ? claims.iss : "";
  } catch {
    return "";
  }
}

/** Both parts of Basic are encoded as in a form: https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1 */
function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}

/** https://www.rfc-editor.org/rfc/rfc6749#section-5.2 */
function refuseOAuth(status: number, error: string, description: string, headers: Record<string, string> = {}): Response {
  const readable = { "access-control-allow-origin": "*", "access-control-expose-headers": "Retry-After" };
  const all = { "content-type": "application/json", "cache-control": "no-store", ...readable, ...headers };
  return new Response(JSON.stringify({ error, error_description: description }), { status, headers: all });
}
