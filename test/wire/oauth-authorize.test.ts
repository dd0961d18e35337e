import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Browser, type Visited } from "../support/browser.ts";
import { type OAuthServer, startOAuthServer } from "../support/oauth-server.ts";
import { decide, OAuthClient } from "../support/sign-in.ts";

let server: OAuthServer;
let client: OAuthClient;
beforeAll(async () => {
  server = await startOAuthServer({ ALLOWED_GITHUB_USERS: "Alice, bob" });
  client = await OAuthClient.register(server.url);
});
afterAll(() => server?.close());
afterEach(async () => {
  server.github.reset();
  expect(await server.rows("grant:")).toEqual([]); // whatever goes wrong here grants nothing
});

/** Opens the page that asks. */
async function open(parameters: Record<string, string | undefined> = {}, browser = new Browser()) {
  const begun = client.begin(parameters);
  const page = await browser.open(begun.url, { stopAt: client.redirectUri });
  return { ...begun, browser, page };
}

/** Posts the form of the page that asks, and follows nothing. */
const post = (browser: Browser, fields: readonly (readonly [string, string])[], headers: Record<string, string> = {}) =>
  browser.submit(`${server.url}/authorize`, fields, { stopAt: server.github.url, headers });

/** What a redirect to the client says. */
const toldClient = ({ url }: Visited) => Object.fromEntries(new URL(url).searchParams);

function expectPage({ status, url, headers, body }: Visited, expectedStatus: number, words: string | RegExp): void {
  expect([status, headers.get("location"), headers.get("content-type")]).toEqual([expectedStatus, null, "text/html; charset=utf-8"]);
  expect(new URL(url).origin).toBe(server.url);
  expect(body).toMatch(words);
}

describe("an authorization request", () => {
  it.each([
    ["no code_challenge", { code_challenge: undefined, code_challenge_method: undefined }, "invalid_request"],
    ["a plain code_challenge", { code_challenge_method: "plain" }, "invalid_request"],
    ["the implicit flow", { response_type: "token" }, "unsupported_response_type"],
    ["no response_type", { response_type: undefined }, "invalid_request"],
    ["a resource that is not served", { resource: "PATH/other" }, "invalid_target"],
    ["a toolset that is not there", { resource: "PATH/mcp/x/nothing" }, "invalid_target"],
    ["another origin's resource", { resource: "https://other.example/mcp" }, "invalid_target"]
  ])("with %s goes back to the client", async (_, parameters: Record<string, string | undefined>, error) => {
    const resource = parameters.resource?.replace("PATH", server.url);
    const { page, state } = await open({ ...parameters, ...(resource !== undefined && { resource }) });
    expect([page.status, page.url.startsWith(client.redirectUri)]).toEqual([302, true]);
    expect(toldClient(page)).toEqual({ error, state, iss: server.url, error_description: expect.any(String) });
  });

  it.each([
    ["an unknown client", { client_id: "nobody" }],
    ["no client", { client_id: undefined }],
    ["a client that describes itself over plain HTTP", { client_id: "http://client.example/client.json" }],
    ["a client whose name is longer than any", { client_id: "n".repeat(600) }],
    ["an address that is not the client's", { redirect_uri: "https://evil.example/callback" }],
    ["another path of the client's", { redirect_uri: "http://127.0.0.1:1/callback/x" }],
    ["an address that is a script", { redirect_uri: "javascript:alert(1)" }],
    ["no address", { redirect_uri: undefined }]
  ])("with %s is told to the person, who is sent nowhere", async (_, parameters) => {
    expectPage((await open(parameters)).page, 400, "This sign-in cannot go on");
  });

  it.each([
    "https://127.0.0.1/client.json",
    "https://2130706433/client.json",
    "https://[::1]/client.json",
    "https://localhost/client.json",
    "https://LOCALHOST./client.json",
    "https://metadata.google.internal/client.json",
    "https://router.lan/client.json",
    "https://intranet/client.json",
    "https://client.example:8443/client.json"
  ])("of a client that describes itself at %s makes nobody fetch it", async (clientId) => {
    expectPage((await open({ client_id: clientId })).page, 400, "stands at an address that is not public");
  });

  it("is asked with GET, and answered with POST", async () => {
    const response = await fetch(`${server.url}/authorize`, { method: "PUT" });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, POST"]);
    await response.body?.cancel();
  });
});

describe("the page that asks", () => {
  it("can be neither framed nor kept", async () => {
    const { page } = await open();
    expect(page.status).toBe(200);
    expect(page.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect([page.headers.get("x-frame-options"), page.headers.get("cache-control")]).toEqual(["DENY", "no-store"]);
    expect(page.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^__Host-[^;]+; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=600$/)
    ]);
  });

  it("names an app's own scheme in full: what follows it looks like a host, and is nobody's", async () => {
    const app = await OAuthClient.register(server.url, { redirect_uris: ["com.example.app://github.com/callback?\u202ex"] });
    const { body } = await new Browser().open(app.begin().url);
    expect(body).toContain("<strong>com.example.app://github.com/callback?%E2%80%AEx</strong>");
    expect(body).toContain("This is an app on this computer.");
  });

  it("tells the client that the person declined", async () => {
    const { page, browser, state } = await open();
    const declined = await browser.submit(`${server.url}/authorize`, decide(page, "deny"), { stopAt: client.redirectUri });
    expect(toldClient(declined)).toEqual({ error: "access_denied", state, iss: server.url });
    expect(server.github.seen).toEqual([]);
  });

  it("counts once", async () => {
    const { page, browser } = await open();
    expect((await post(browser, decide(page, "approve"))).url).toContain(`${server.github.url}/login/oauth/authorize`);
    expectPage(await post(browser, decide(page, "approve")), 400, "taken already");
    expectPage(await post(browser, decide(page, "deny")), 400, "taken already");
  });

  it("counts in the browser that was asked only", async () => {
    const { page } = await open();
    const { browser: other } = await open();
    expectPage(await post(new Browser(), decide(page, "approve")), 400, "began in another browser");
    expectPage(await post(other, decide(page, "approve")), 400, "began in another browser");
  });

  it.each(["https://evil.example", "null", "http://127.0.0.1:2"])("does not count when %s posts it", async (origin) => {
    const { page, browser } = await open();
    expectPage(await post(browser, decide(page, "approve"), { origin }), 403, "did not come from this server");
  });

  it("does not count with a handle that was made up, or without one", async () => {
    const { browser } = await open();
    expectPage(
      await post(browser, [
        ["handle", "A".repeat(43)],
        ["decision", "approve"]
      ]),
      400,
      "began in another browser"
    );
    expectPage(await post(browser, [["decision", "approve"]]), 400, "cannot go on");
  });

  it("wants a decision", async () => {
    const { page, browser } = await open();
    const undecided = decide(page, "approve").filter(([name]) => name !== "decision");
    expectPage(await post(browser, undecided), 400, "neither yes nor no");
    expectPage(await post(browser, [...undecided, ["decision", "maybe"]]), 400, "neither yes nor no");
  });

  it("takes a small form only", async () => {
    const { page, browser } = await open();
    expectPage(await post(browser, [...decide(page, "approve"), ["more", "x".repeat(64 * 1024)]]), 413, "too large");
  });

  it("sends who agrees to GitHub, with a secret that stays here", async () => {
    const { page, browser } = await open();
    const { url } = await post(browser, decide(page, "approve"));
    const { origin, searchParams } = new URL(url);
    expect(origin).toBe(server.github.url);
    expect(Object.fromEntries(searchParams)).toMatchObject({
      redirect_uri: `${server.url}/callback`,
      scope: "read:user",
      code_challenge_method: "S256"
    });
    expect(searchParams.has("code_verifier")).toBe(false);
  });
});

describe("coming back from GitHub", () => {
  const DECLINED = { error: "access_denied", error_description: expect.any(String) };

  /** Up to the address that GitHub sends the browser to. */
  async function comeBack(login = "alice") {
    const opened = await open();
    server.github.choose(login);
    const { browser, page } = opened;
    const back = await browser.submit(`${server.url}/authorize`, decide(page, "approve"), { stopAt: `${server.url}/callback` });
    return { ...opened, callback: back.url };
  }
  const arrive = (browser: Browser, url: string) => browser.open(url, { stopAt: client.redirectUri });

  it("does not count with a state that was made up, or without one", async () => {
    const { browser, callback } = await comeBack();
    const forged = new URL(callback);
    forged.searchParams.set("state", "A".repeat(43));
    expectPage(await arrive(browser, forged.href), 400, "began in another browser");
    forged.searchParams.delete("state");
    expectPage(await arrive(browser, forged.href), 400, "taken already");
  });

  it("does not count in another browser", async () => {
    const { callback } = await comeBack();
    expectPage(await arrive(new Browser(), callback), 400, "began in another browser");
    const { browser: other } = await comeBack("bob");
    expectPage(await arrive(other, callback), 400, "began in another browser");
    expect(server.github.tokensAt("/user")).toEqual([]);
  });

  it("does not count with the handle of the page that asked", async () => {
    const { browser, page, callback } = await comeBack();
    const handle = decide(page, "approve").find(([name]) => name === "handle")?.[1] ?? "";
    const forged = new URL(callback);
    forged.searchParams.set("state", handle);
    expectPage(await arrive(browser, forged.href), 400, "taken already");
  });

  it("tells the client that the person declined there", async () => {
    server.github.behave("authorize", "access_denied");
    const { browser, callback, state } = await comeBack();
    expect(toldClient(await arrive(browser, callback))).toEqual({ ...DECLINED, state, iss: server.url });
  });

  it.each([
    ["access_token", "bad_gateway"],
    ["access_token", "garbage"],
    ["user", "bad_gateway"],
    ["user", "garbage"]
  ] as const)("tells the client to try again where GitHub's %s has a %s", async (step, going) => {
    server.github.behave(step, going);
    const { browser, callback, state } = await comeBack();
    const told = toldClient(await arrive(browser, callback));
    expect(told).toMatchObject({ error: "temporarily_unavailable", state, iss: server.url });
    expect(told).not.toHaveProperty("code");
    expectPage(await arrive(browser, callback), 400, "taken already");
  });

  it("does not count with the code of another sign-in: the verifier is another", async () => {
    const { browser, callback } = await comeBack();
    const { callback: others } = await comeBack("bob");
    const mixed = new URL(callback);
    mixed.searchParams.set("code", new URL(others).searchParams.get("code") ?? "");
    expect(toldClient(await arrive(browser, mixed.href))).toMatchObject({ error: "temporarily_unavailable" });
    expect(server.github.tokensAt("/user")).toEqual([]);
  });

  it("does not let in who is not on the list", async () => {
    const { browser, callback, state } = await comeBack("mallory");
    expect(toldClient(await arrive(browser, callback))).toEqual({ ...DECLINED, state, iss: server.url });
  });

  it("is opened, not posted", async () => {
    const response = await fetch(`${server.url}/callback`, { method: "POST", body: "" });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET"]);
    await response.body?.cancel();
  });
});
