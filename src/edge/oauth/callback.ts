import { authorizationErrorRedirect } from "@cloudflare/workers-oauth-provider";
import { OAUTH_PATHS } from "../../auth/authorization-server.ts";
import type { GrantMetadata, GrantProps } from "../../auth/github-grant.ts";
import { finishSignIn, type SignedIn, SignInFailed } from "../../auth/github-sign-in.ts";
import type { OAuthRequest } from "./oauth-request.ts";
import { STALE, translate } from "./problems.ts";
import { redirect } from "./redirect.ts";

/** Takes a person back from GitHub, in the very browser that was sent there, and gives the client its code. */
export function finishAuthorization({ request, url, env, server, signIn }: OAuthRequest): Promise<Response> {
  return translate(async () => {
    const oauth = server.getOAuthApi(env);
    const { request: asked, data, headers } = await oauth.finishUpstream<{ verifier: string }>(request);
    const code = url.searchParams.get("code");
    if (code === null || url.searchParams.has("error"))
      return redirect(authorizationErrorRedirect(asked, "access_denied", "Nobody signed in at GitHub."), headers);
    let person: SignedIn;
    try {
      person = await finishSignIn(signIn, code, `${url.origin}${OAUTH_PATHS.callback}`, data.verifier);
    } catch (error) {
      if (!(error instanceof SignInFailed)) throw error;
      console.error(JSON.stringify({ level: "error", event: "sign_in_failed", message: error.message, cause: String(error.cause ?? "") }));
      const refusal = authorizationErrorRedirect(asked, "temporarily_unavailable", "GitHub did not finish the sign-in. Try again.");
      return redirect(refusal, headers);
    }
    const { userId, ...props } = person;
    if (signIn.allowedLogins && !signIn.allowedLogins.has(props.login.toLowerCase())) {
      console.warn(JSON.stringify({ level: "warn", event: "sign_in_not_allowed", login: props.login }));
      return redirect(authorizationErrorRedirect(asked, "access_denied", "Your GitHub account may not use this server."), headers);
    }
    const { redirectTo } = await oauth.completeAuthorization({
      request: asked,
      userId,
      metadata: { login: props.login } satisfies GrantMetadata,
      scope: asked.scope,
      props: props satisfies GrantProps,
      // The same client on another machine is another sign-in; each ends by itself.
      revokeExistingGrants: false
    });
    return redirect(redirectTo, headers);
  }, STALE);
}
