import { AuthorizationError, CimdFetchError } from "@cloudflare/workers-oauth-provider";
import { respondWithPage } from "./page.ts";
import { renderProblemPage } from "./problem-page.ts";
import { redirect } from "./redirect.ts";

/** What is wrong with a step that does not go on from the one before. The library's own words name one of the three. */
export const STALE = "This step was taken already, is older than ten minutes, or began in another browser.";

/**
 * Serves a step of a sign-in. What is wrong with it goes back to the client where that is safe, and else to the person.
 * @param sentence what the person is told; the library's description if absent.
 */
export async function translate(serve: () => Promise<Response>, sentence?: string): Promise<Response> {
  try {
    return await serve();
  } catch (error) {
    if (error instanceof AuthorizationError) {
      if (error.redirectTo !== undefined) return redirect(error.redirectTo);
      return refuseWithPage(400, sentence ?? error.description.replace(/\.?$/, "."));
    }
    if (error instanceof CimdFetchError) {
      console.warn(JSON.stringify({ level: "warn", event: "client_not_verified", client: error.metadataUrl, detail: error.detail }));
      return refuseWithPage(400, "The app's own description of itself could not be read, so nobody knows who asks.");
    }
    throw error;
  }
}

/** Tells the person in front of the browser what is wrong; nobody is sent anywhere. */
export function refuseWithPage(status: number, message: string): Response {
  const hint = "Go back to your app and connect it again. If this comes back, tell whoever makes the app.";
  return respondWithPage(renderProblemPage({ title: "This sign-in cannot go on", message, hint }), status);
}
