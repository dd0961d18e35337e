import { authorizationErrorRedirect } from "@cloudflare/workers-oauth-provider";
import { BASE_SCOPES, OAUTH_PATHS } from "../../auth/authorization-server.ts";
import { isForbiddenDocument, isNameable, MAX_NAME_LENGTH } from "../../auth/client-rules.ts";
import { createVerifier, signInUrl } from "../../auth/github-sign-in.ts";
import { DEFAULTS } from "../../config.ts";
import { readBody } from "../../lib/read-body.ts";
import { printable } from "../../lib/text.ts";
import { toVisible } from "../../lib/visible-text.ts";
import type { Scope } from "../../mcp/principal.ts";
import { type OfferedScope, renderConsentPage } from "./consent-page.ts";
import { FORBIDDEN } from "./guards.ts";
import type { OAuthRequest } from "./oauth-request.ts";
import { respondWithPage } from "./page.ts";
import { refuseWithPage, STALE, translate } from "./problems.ts";
import { redirect } from "./redirect.ts";
import { toRedirectTarget } from "./redirect-target.ts";

/** Shows who asks for what, before anybody is sent to sign in: an answer that GitHub has for one client must never serve another. */
export function askConsent({ request, url, env, server, grantable }: OAuthRequest): Promise<Response> {
  return translate(async () => {
    const clientId = url.searchParams.get("client_id") ?? "";
    if (isForbiddenDocument(clientId)) return refuseWithPage(400, FORBIDDEN);
    if (!isNameable(clientId)) return refuseWithPage(400, "Nobody knows the app that asks.");
    const oauth = server.getOAuthApi(env);
    const asked = await oauth.parseAuthRequest(request);
    // The library asks it of public clients only.
    if (!asked.codeChallenge) return redirect(authorizationErrorRedirect(asked, "invalid_request", "A code_challenge (S256) is required."));
    const { clientName, clientDomain, redirectUri, redirectIsLoopback } = await oauth.describeConsent(asked);
    const { shown: redirectTarget, isLocalApp: redirectIsLocalApp } = toRedirectTarget(redirectUri, redirectIsLoopback);
    const { handle, headers } = await oauth.beginConsent(asked);
    const scopes = toOffered(asked.scope.some(isOneOf(grantable)) ? asked.scope : BASE_SCOPES, grantable);
    const page = renderConsentPage({
      clientName: toShownName(clientName) ?? clientId,
      ...{ redirectTarget, redirectIsLocalApp, scopes, handle, serverHost: url.host },
      ...(clientDomain !== undefined && { clientDomain })
    });
    return respondWithPage(page, 200, headers);
  });
}

/** Takes what a person decided on the page, once, and sends who agreed on to GitHub. */
export function takeDecision({ request, url, env, server, signIn, grantable }: OAuthRequest): Promise<Response> {
  return translate(async () => {
    const origin = request.headers.get("origin");
    if (origin !== null && origin !== url.origin) return refuseWithPage(403, "The decision did not come from this server's own page.");
    const body = await readBody(request, DEFAULTS.oauth.formBytes);
    if ("fault" in body) return refuseWithPage(413, "The form is too large.");
    const form = new URLSearchParams(body.text);
    const handle = form.get("handle") ?? "";
    const oauth = server.getOAuthApi(env);
    const decision = form.get("decision");
    if (decision !== "approve" && decision !== "deny") return refuseWithPage(400, "The form says neither yes nor no.");
    if (decision === "deny") {
      const { redirectTo, headers } = await oauth.denyConsent(request, handle);
      return redirect(redirectTo, headers);
    }
    // What is granted can be refreshed, so it says so; what the page could not offer is not granted.
    const scope = ["mcp:use" satisfies Scope, ...form.getAll("scope").filter(isOneOf(grantable)), "offline_access"];
    const approved = await oauth.approveConsent(request, handle, { scope: [...new Set(scope)] });
    const verifier = createVerifier();
    const { state, headers } = await oauth.beginUpstream(approved.request, { data: { verifier }, headers: approved.headers });
    const redirectUri = `${url.origin}${OAUTH_PATHS.callback}`;
    return redirect(signInUrl(signIn, { redirectUri, state, verifier, scopes: approved.request.scope }), headers);
  }, STALE);
}

/** A name as it can be seen; `undefined` where nothing of it can be read. */
function toShownName(name: string): string | undefined {
  const shown = printable(toVisible(name), MAX_NAME_LENGTH).trim();
  return /[\p{L}\p{N}]/u.test(shown) ? shown : undefined;
}

/** What is requested first, and with it what nothing works without; then what else a person may add. */
function toOffered(requested: readonly string[], grantable: readonly Scope[]): readonly OfferedScope[] {
  const offered = grantable.map((scope) => ({ scope, isRequested: scope === "mcp:use" || requested.includes(scope) }));
  return offered.toSorted((a, b) => Number(b.isRequested) - Number(a.isRequested));
}

const isOneOf =
  (scopes: readonly string[]) =>
  (scope: string): boolean =>
    scopes.includes(scope);
