import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { readConfig } from "../../../src/config.ts";
import type { Asking } from "../../../src/mcp/calls/host.ts";
import { type Caller, NO_CREDENTIALS, type Principal, SCOPES } from "../../../src/mcp/principal.ts";
import type { ResultKeeper } from "../../../src/mcp/results.ts";
import { SessionHost, type SessionHostOptions } from "../../../src/session/session-host.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const callerOf = (kind: Principal["kind"]): Caller => ({
  principal: { id: `${kind}:7`, kind, clientId: "a-client", scopes: SCOPES },
  credentials: { ...NO_CREDENTIALS, lastingProof: "grant", githubToken: kind === "github" ? "gho_theirs" : undefined }
});

/** GitHub as a call of this kind of principal has it, and refuses whatever it sends. */
function refused(kind: Principal["kind"], endAccess: SessionHostOptions["endAccess"]) {
  const fetched = vi.spyOn(globalThis, "fetch").mockImplementation(async () => Response.json({}, { status: 401 }));
  const config = { ...readConfig(env), github: { apiUrl: "https://github.test", token: "the-server's" } };
  const host = new SessionHost({ config, endAccess } as Partial<SessionHostOptions> as SessionHostOptions); // all that GitHub needs of it
  const { github } = host.contextFor(callerOf(kind) as Partial<Asking> as Asking, () => new AbortController().signal);
  const tokens = () => fetched.mock.calls.map(([, init]) => new Headers(init?.headers).get("authorization"));
  return { read: () => github.rest.repos.get({ owner: "octo", repo: "none" }), tokens };
}

describe("a token that GitHub refuses", () => {
  it("ends the access of the person before their call is answered, once however many requests found out", async () => {
    const ended: [Caller, string][] = [];
    const { read, tokens } = refused("github", async (caller) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      ended.push([caller, answered]);
    });
    let answered = "before";
    const reads = await Promise.allSettled([read(), read()]);
    answered = "after";
    expect(reads.map((one) => one.status === "rejected" && one.reason.name)).toEqual(["SignInRequired", "SignInRequired"]);
    expect(ended).toEqual([[callerOf("github"), "before"]]);
    expect(tokens()).toEqual(["token gho_theirs", "token gho_theirs"]);
  });

  it("is told of all the same where the access cannot be ended", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    const { read } = refused("github", () => Promise.reject(new Error("KV is down")));
    await expect(read()).rejects.toMatchObject({ name: "SignInRequired" });
    expect(log.mock.calls).toEqual([[expect.stringContaining('"event":"access_not_ended","error":"Error: KV is down"')]]);
  });

  it("ends nothing where it is the server's own", async () => {
    const endAccess = vi.fn(async () => {});
    const { read, tokens } = refused("key", endAccess);
    await expect(read()).rejects.toMatchObject({ name: "Denied" });
    expect(endAccess).not.toHaveBeenCalled();
    expect(tokens()).toEqual(["token the-server's"]);
  });
});

it("tells of a result that a call has begun, and of none once the same call has deleted it", async () => {
  const keeper: Partial<ResultKeeper> = { open: async () => "res_a", remove: async () => {} };
  const config = readConfig(env);
  const host = new SessionHost({ config, resultsOf: () => keeper } as Partial<SessionHostOptions> as SessionHostOptions); // all that results need of it
  const told: unknown[] = [];
  const traces = { onResult: (result: string | undefined) => void told.push(result) };
  const ctx = host.contextFor(callerOf("key") as Partial<Asking> as Asking, () => new AbortController().signal, traces);
  const { result } = await ctx.results.begin({ tool: "t", title: "", type: "text/plain" });
  await ctx.results.remove(result);
  expect(told).toEqual(["res_a", undefined]);
});
