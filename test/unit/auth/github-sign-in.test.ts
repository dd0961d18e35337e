import { afterEach, describe, expect, it, vi } from "vitest";
import { finishSignIn, refreshTokens, SignInFailed, signInUrl } from "../../../src/auth/github-sign-in.ts";
import { DEFAULTS, type SignInConfig } from "../../../src/config.ts";

const CONFIG: SignInConfig = {
  clientId: "Iv23example",
  clientSecret: "a-secret-of-the-app",
  webUrl: "https://github.test",
  apiUrl: "https://api.github.test",
  allowedLogins: undefined
};

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** GitHub, as it answers each path; returns what it was asked. */
function answerWith(answers: Record<string, () => Response | Promise<Response>>) {
  const asked: { readonly url: string; readonly init: RequestInit }[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init = {}) => {
    asked.push({ url: String(input), init });
    return answers[new URL(String(input)).pathname]?.() ?? new Response(null, { status: 404 });
  });
  return asked;
}

const TOKEN = "/login/oauth/access_token";
const finish = () => finishSignIn(CONFIG, "code", "https://dormouse.example/callback", "verifier");

const failureOf = async (act: Promise<unknown>): Promise<SignInFailed> => {
  const failure = await act.catch((error: unknown) => error);
  if (!(failure instanceof SignInFailed)) throw new Error(`It failed otherwise: ${String(failure)}`);
  return failure;
};

describe("a sign-in", () => {
  it("sends no secret through the browser", () => {
    const url = signInUrl(CONFIG, { redirectUri: "https://dormouse.example/callback", state: "s", verifier: "verifier", scopes: [] });
    expect(url).not.toContain("verifier");
    expect(url).not.toContain(CONFIG.clientSecret);
  });

  it.each([
    [["mcp:use", "github:read"], "read:user"],
    [["mcp:use", "github:write"], "read:user repo"]
  ])("asks GitHub for as little as %j needs", (scopes, scope) => {
    const url = new URL(signInUrl(CONFIG, { redirectUri: "https://dormouse.example/callback", state: "s", verifier: "v", scopes }));
    expect(url.searchParams.get("scope")).toBe(scope);
  });

  it("keeps what makes a token last", async () => {
    answerWith({
      [TOKEN]: () => Response.json({ access_token: "ghu_x", refresh_token: "ghr_x", expires_in: 28_800 }),
      "/user": () => Response.json({ id: 42, login: "alice" })
    });
    const before = Date.now();
    const { githubExpiresMs = 0, ...person } = await finish();
    expect(person).toEqual({ userId: "42", login: "alice", githubToken: "ghu_x", githubRefreshToken: "ghr_x" });
    expect(githubExpiresMs - before).toBeGreaterThanOrEqual(28_800_000);
  });

  it.each([
    ["an error of its own", () => new Response("<h1>502</h1>", { status: 502 })],
    ["a page", () => new Response("<h1>Unicorn</h1>", { headers: { "content-type": "text/html" } })],
    ["what is not JSON", () => new Response("{", { headers: { "content-type": "application/json" } })],
    ["nothing", () => Response.json({})],
    ["an empty token", () => Response.json({ access_token: "" })],
    ["a way elsewhere", () => new Response(null, { status: 302, headers: { location: "https://elsewhere.test" } })],
    ["its temporary error", () => Response.json({ error: "incorrect_client_credentials" })]
  ])("may succeed later where GitHub answers with %s", async (_, answer) => {
    const asked = answerWith({ [TOKEN]: answer });
    expect((await failureOf(finish())).isFinal).toBe(false);
    expect([asked.length, asked[0]?.init.redirect]).toEqual([1, "manual"]); // the secret goes nowhere else
  });

  it.each([
    ["nobody", {}],
    ["a name without a number", { login: "alice" }],
    ["a number that is text", { id: "42", login: "alice" }],
    ["the number zero", { id: 0, login: "alice" }]
  ])("fails where GitHub says that a token is of %s", async (_, user) => {
    answerWith({ [TOKEN]: () => Response.json({ access_token: "gho_x" }), "/user": () => Response.json(user) });
    expect((await failureOf(finish())).message).toBe("GitHub did not say whose token it is.");
  });

  it("fails where GitHub does not answer in time", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const asked = answerWith({
      [TOKEN]: () => new Promise((_, reject) => asked[0]?.init.signal?.addEventListener("abort", () => reject(new Error("aborted"))))
    });
    const failure = failureOf(finish());
    await vi.advanceTimersByTimeAsync(DEFAULTS.oauth.upstreamMs);
    expect((await failure).isFinal).toBe(false);
  });
});

describe("a refresh", () => {
  it.each([
    ["bad_refresh_token", true],
    ["incorrect_client_credentials", false],
    ["slow_down", false]
  ])("that GitHub refuses with %s failed for good: %s", async (error, isFinal) => {
    answerWith({ [TOKEN]: () => Response.json({ error, error_description: "gho_secret" }) });
    const failure = await failureOf(refreshTokens(CONFIG, "ghr_x"));
    expect([failure.isFinal, failure.message]).toEqual([isFinal, `GitHub gave no token: ${error}`]);
  });

  it("repeats nothing of what GitHub says beyond the name of an error", async () => {
    answerWith({ [TOKEN]: () => Response.json({ error: "<b>ghr_x</b> is not good" }) });
    expect((await failureOf(refreshTokens(CONFIG, "ghr_x"))).message).toBe("GitHub gave no token: its answer could not be read");
  });
});
