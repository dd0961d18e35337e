import { afterEach, describe, expect, it, vi } from "vitest";
import { createGitHub } from "../../../src/clients/github.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

type Upstream = (url: string, init: RequestInit) => Promise<Response> | Response;

/** Counts what leaves for GitHub. */
function upstream(respond: Upstream): { sent: string[] } {
  const sent: string[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init = {}) => {
    sent.push(`${init.method ?? "GET"} ${new URL(String(input)).pathname}`);
    return respond(String(input), init as RequestInit);
  });
  return { sent };
}

const hang: Upstream = (_, { signal }) =>
  new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener("abort", () => reject(signal.reason));
  });

const json = (status: number, headers: Record<string, string> = {}): Response =>
  Response.json({ message: "secret upstream text" }, { status, headers });

const SETTINGS = { apiUrl: "https://github.test", token: "t", isPersonal: false, timeoutMs: 5000, onWrite() {} };

const github = (signal = new AbortController().signal, timeoutMs = SETTINGS.timeoutMs) => createGitHub({ ...SETTINGS, timeoutMs, signal });

const read = (octokit = github()) => octokit.rest.repos.get({ owner: "octo", repo: "none" });
const write = (octokit = github()) => octokit.rest.issues.create({ owner: "octo", repo: "none", title: "x" });

describe("a read of GitHub", () => {
  it("is sent at most three times while GitHub fails", async () => {
    const { sent } = upstream(() => json(502));
    await expect(read()).rejects.toMatchObject({ name: "UpstreamFailed", message: "GitHub answered 502. Try again in a minute." });
    expect(sent).toHaveLength(3);
  });

  it("succeeds when a later try does", async () => {
    let tries = 0;
    upstream(() => (++tries < 3 ? json(503) : Response.json({ id: 1 })));
    await expect(read()).resolves.toMatchObject({ status: 200 });
  });

  it("answers visible text only, however deep it stands", async () => {
    upstream(() =>
      Response.json({ description: "hi\u202e\u{e0041}", topics: ["a\u200bb", "\u2764\ufe0f"], owner: { login: "octo\u00ad" } })
    );
    expect((await read()).data).toEqual({ description: "hi", topics: ["ab", "\u2764\ufe0f"], owner: { login: "octo" } });
  });

  it("ends by its deadline and says so", async () => {
    const { sent } = upstream(hang);
    await expect(read(github(undefined, 50))).rejects.toMatchObject({
      message: "GitHub did not answer within 0.05 s. Try again in a minute."
    });
    expect(sent).toHaveLength(1);
  });

  it("ends with the call, for the call's own reason", async () => {
    const controller = new AbortController();
    upstream(hang);
    const reading = read(github(controller.signal));
    controller.abort(new Error("the call's reason"));
    await expect(reading).rejects.toThrow("the call's reason");
  });

  it.each([
    [json(404), "NotFound", "Repository octo/none does not exist, or your token cannot see it."],
    [json(401), "Denied", "GitHub does not accept the token of this server. Whoever runs it must set GITHUB_TOKEN anew."],
    [json(403), "Denied", "GitHub does not allow this token to GET Repository octo/none."],
    [json(429, { "retry-after": "17" }), "UpstreamLimited", "GitHub's rate limit is used up. Try again in 17 s."],
    [
      new Response("<html>", { headers: { "content-type": "text/html" } }),
      "UpstreamFailed",
      "GitHub's answer could not be read. Try again in a minute."
    ],
    [
      new Response("{", { headers: { "content-type": "application/json" } }),
      "UpstreamFailed",
      "GitHub's answer could not be read. Try again in a minute."
    ]
  ])("names what is wrong and what to do (%#)", async (response, name, message) => {
    const { sent } = upstream(() => response.clone());
    await expect(read()).rejects.toMatchObject({ name, message });
    expect(sent).toHaveLength(1);
  });

  it("tells when a used-up rate limit is renewed", async () => {
    const reset = String(Math.ceil(Date.now() / 1000) + 40);
    upstream(() => json(403, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset }));
    await expect(read()).rejects.toThrow(/Try again in (39|40|41) s\./);
  });
});

it("asks a person whose token is refused to sign in again, for reads and writes", async () => {
  const { sent } = upstream(() => json(401));
  const personal = createGitHub({ ...SETTINGS, isPersonal: true, signal: new AbortController().signal });
  const message =
    "GitHub no longer accepts your sign-in: you, or GitHub, have taken it back. Sign in again: connect this server anew in your client.";
  await expect(read(personal)).rejects.toMatchObject({ name: "SignInRequired", outcome: "denied", message, wasWrite: false });
  await expect(write(personal)).rejects.toMatchObject({ name: "SignInRequired", outcome: "denied", message, wasWrite: true });
  expect(sent).toHaveLength(2);
});

describe("a write to GitHub", () => {
  it.each([
    ["502", () => json(502), "OutcomeUnknown"],
    ["500", () => json(500), "OutcomeUnknown"],
    ["a lost connection", () => Promise.reject(new TypeError("network")), "OutcomeUnknown"],
    ["no answer in time", hang, "OutcomeUnknown"],
    ["an unreadable answer", () => new Response("{", { status: 201, headers: { "content-type": "application/json" } }), "OutcomeUnknown"],
    ["409", () => json(409), "UpstreamFailed"],
    ["422", () => json(422), "InvalidInput"],
    ["a redirect", () => new Response(null, { status: 307, headers: { location: "https://github.test/elsewhere" } }), "UpstreamFailed"],
    ["a rate limit", () => json(429), "UpstreamLimited"]
  ] as [string, Upstream, string][])("is sent once under %s", async (_, respond, name) => {
    const { sent } = upstream(respond);
    await expect(write(github(undefined, 100))).rejects.toMatchObject({ name });
    expect(sent).toEqual(["POST /repos/octo/none/issues"]);
  });

  it("answers visible text only", async () => {
    upstream(() => Response.json({ number: 7, title: "x\u2066" }, { status: 201 }));
    expect((await write()).data).toEqual({ number: 7, title: "x" });
  });

  it("says that it may have taken effect when it was cancelled on the way", async () => {
    const controller = new AbortController();
    upstream(hang);
    const writing = write(github(controller.signal));
    setTimeout(() => controller.abort(new Error("cancelled")), 10);
    await expect(writing).rejects.toMatchObject({ name: "OutcomeUnknown", message: expect.stringContaining("may have taken effect") });
  });
});
