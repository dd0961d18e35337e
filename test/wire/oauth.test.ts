import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type GitHubUpstream, startGitHub } from "../../scripts/upstreams/github.ts";
import { DEPLOYED, startServer, type TestServer } from "../support/server.ts";
import { bearer, OAuthClient } from "../support/sign-in.ts";
import { RawStateless } from "../support/stateless.ts";

let github: GitHubUpstream;
let server: TestServer;

beforeAll(async () => {
  github = await startGitHub();
  const settings = {
    ...DEPLOYED,
    GITHUB_API_URL: github.url,
    GITHUB_WEB_URL: github.url,
    GITHUB_CLIENT_ID: "Ov23example",
    GITHUB_CLIENT_SECRET: "a-secret-of-the-app"
  };
  server = await startServer({ settings });
});
afterAll(async () => {
  await Promise.all([server?.close(), github?.close()]);
});

describe("signing in", () => {
  it("leads from 401 to a call as that person", async () => {
    const refused = await fetch(`${server.url}/mcp`, { method: "POST", body: "{}" });
    expect(refused.status).toBe(401);
    const challenge = refused.headers.get("www-authenticate") ?? "";
    const metadataUrl = /resource_metadata="([^"]+)"/.exec(challenge)?.[1] ?? "";
    expect(await (await fetch(metadataUrl)).json()).toMatchObject({ resource: `${server.url}/mcp`, authorization_servers: [server.url] });
    const client = await OAuthClient.register(server.url);
    const tokens = await client.signIn({ login: "robin-hale" });
    expect(tokens).toMatchObject({ scope: "mcp:use github:read offline_access", resource: `${server.url}/mcp` });
    const caller = new RawStateless(`${server.url}/mcp`, bearer(tokens));
    expect(await caller.call("search_repositories", { query: "burrow" })).toMatchObject({ structuredContent: {} });
  });
});
