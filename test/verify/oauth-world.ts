import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { type GitHubUpstream, startGitHub } from "../../scripts/upstreams/github.ts";
import { DEPLOYED_BINDINGS, startBuiltWorker } from "../support/built-worker.ts";
import { type CallbackServer, startCallbackServer } from "./callback-server.ts";
import { launchChromium } from "./chromium.ts";

/** A deployed server that people sign in to through GitHub, a browser, and an app that waits to be called back. */
export interface OAuthWorld {
  /** `http://127.0.0.1:<port>`, without a slash. */
  readonly url: string;
  readonly github: GitHubUpstream;
  readonly chromium: Browser;
  readonly callback: CallbackServer;
  close(): Promise<void>;
}

/** The id of a client that describes itself in a document. */
export const DOCUMENT_URL = "https://client.test/mcp.json";

/** Where somebody else serves a copy of it. */
export const COPY_URL = "https://copy.test/mcp.json";

/** Starts everything, with a repository in each person's own account that nobody else may see. */
export async function startOAuthWorld(): Promise<OAuthWorld> {
  const started: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const stop of started.reverse()) await stop();
  };
  try {
    const stateDir = await mkdtemp(join(tmpdir(), "dormouse-oauth-"));
    started.push(() => rm(stateDir, { recursive: true, force: true }));
    const github = await startGitHub();
    started.push(() => github.close());
    for (const token of Object.values(github.tokens)) await addPrivateRepository(github.url, token);
    const callback = await startCallbackServer();
    started.push(() => callback.close());
    const bindings = {
      ...DEPLOYED_BINDINGS,
      GITHUB_API_URL: github.url,
      GITHUB_WEB_URL: github.url,
      GITHUB_CLIENT_ID: "Ov23example",
      GITHUB_CLIENT_SECRET: "a-secret-of-the-app"
    };
    const worker = await startBuiltWorker({
      stateDir,
      bindings,
      documents: { [DOCUMENT_URL]: CLIENT_DOCUMENT, [COPY_URL]: CLIENT_DOCUMENT }
    });
    started.push(() => worker.stop());
    const chromium = await launchChromium();
    started.push(() => chromium.close());
    return { url: worker.url, github, chromium, callback, close };
  } catch (cause) {
    await close();
    throw cause;
  }
}

/** The name of each person's own repository. */
export const PRIVATE_REPOSITORY = "private-notes";

async function addPrivateRepository(apiUrl: string, token: string): Promise<void> {
  const response = await fetch(`${apiUrl}/user/repos`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ name: PRIVATE_REPOSITORY, private: true })
  });
  if (!response.ok) throw new Error(`The GitHub emulator refused a repository: ${response.status} ${await response.text()}`);
}

/** Whoever writes it cannot know the port that the app will find free: https://www.rfc-editor.org/rfc/rfc8252#section-7.3 */
const CLIENT_DOCUMENT = {
  client_id: DOCUMENT_URL,
  client_name: "Harbour Notes",
  client_uri: "https://client.test",
  redirect_uris: ["http://127.0.0.1/callback"],
  grant_types: ["authorization_code", "refresh_token"],
  response_types: ["code"],
  token_endpoint_auth_method: "none"
};
