import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { homeNameOf } from "../../src/mcp/doors/home-name.ts";
import { sealState } from "../../src/mcp/requests/request-state.ts";
import { createKeyring } from "../../src/mcp/signed/keyring.ts";
import { type GitHubStub, startGitHubStub } from "../support/github-stub.ts";
import { startServer, type TestServer } from "../support/server.ts";
import type { Received } from "../support/session.ts";
import { RawStateless } from "../support/stateless.ts";

let stub: GitHubStub;
let server: TestServer;
let client: RawStateless;

beforeAll(async () => {
  stub = await startGitHubStub();
  server = await startServer({ configPath: "test/fixtures/wrangler.toml", settings: { GITHUB_API_URL: stub.url } });
  client = new RawStateless(`${server.url}/mcp`);
});
afterAll(async () => {
  await Promise.all([server?.close(), stub?.close()]);
});
beforeEach(() => stub.reset());

const CAN_ASK = { capabilities: { elicitation: {} } };
const INVALID = { code: -32602, data: { reason: "invalid_request_state" } };

interface Asked {
  readonly resultType: "input_required";
  readonly inputRequests: Record<string, { method: string; params: Record<string, unknown> }>;
  readonly requestState: string;
}

const accept = (answer: string) => ({ action: "accept", content: { answer } });

const send = async (params: Record<string, unknown>, method = "tools/call"): Promise<Received> =>
  (await client.request(method, params, CAN_ASK)).at(-1) ?? {};

const ask = async (params: Record<string, unknown>, method?: string): Promise<Asked> => {
  const { result, error } = await send(params, method);
  if (result?.resultType !== "input_required") throw new Error(JSON.stringify(result ?? error));
  return result as unknown as Asked;
};

const TWICE = { name: "ask_twice", arguments: { place: "there", times: 2 } };

const rowsOf = async (tool: string) => (await client.call("list_calls", { tool })).structuredContent?.calls;

describe("a call that asks", () => {
  it("says what it asks, goes on where it was, and is one row from its start to its end", async () => {
    const first = await ask(TWICE);
    expect(first.inputRequests).toEqual({
      what: {
        method: "elicitation/create",
        params: {
          mode: "form",
          message: "What?",
          requestedSchema: { type: "object", properties: { answer: { type: "string", minLength: 1 } }, required: ["answer"] }
        }
      }
    });
    expect(await rowsOf("ask_twice")).toMatchObject([{ outcome: "waiting" }]);
    expect(await rowsOf("ask_twice")).not.toMatchObject([{ durationMs: expect.any(Number) }]); // it is not over
    const second = await ask({ ...TWICE, requestState: first.requestState, inputResponses: { what: accept("mouse") } });
    expect(Object.keys(second.inputRequests)).toEqual(["color"]);
    expect(second.requestState).not.toBe(first.requestState);
    const params = { ...TWICE, requestState: second.requestState, inputResponses: { color: accept("grey") } };
    expect((await send(params)).result).toMatchObject({ resultType: "complete", structuredContent: { what: "mouse", color: "grey" } });
    expect(await rowsOf("ask_twice")).toMatchObject([{ outcome: "ok" }]);
  });

  it("asks again for what is missing or is no reply, and ignores what nobody asked", async () => {
    for (const inputResponses of [{}, { other: accept("x") }, { what: 12 }, { what: { action: "maybe" } }, null, []]) {
      const { requestState } = await ask(TWICE);
      expect(Object.keys((await ask({ ...TWICE, requestState, inputResponses })).inputRequests)).toEqual(["what"]);
    }
  });

  it("takes replies that come before they are asked for", async () => {
    const inputResponses = { what: accept("mouse"), color: accept("grey") };
    expect((await send({ ...TWICE, inputResponses })).result).toMatchObject({ structuredContent: { what: "mouse" } });
  });

  it("does not let a later round change what was answered", async () => {
    const { requestState } = await ask(TWICE);
    const second = await ask({ ...TWICE, requestState, inputResponses: { what: accept("mouse") } });
    const inputResponses = { what: accept("elephant"), color: accept("grey") };
    const { result } = await send({ ...TWICE, requestState: second.requestState, inputResponses });
    expect(result).toMatchObject({ structuredContent: { what: "mouse", color: "grey" } });
  });

  it("refuses an answer that does not fit the form", async () => {
    const { requestState } = await ask(TWICE);
    const { result } = await send({ ...TWICE, requestState, inputResponses: { what: accept("") } });
    expect(result).toMatchObject({ isError: true, content: [{ text: expect.stringContaining("does not fit") }] });
  });

  it("writes once, after the answer", async () => {
    const params = { name: "confirm_note", arguments: { owner: "octo", repo: "notes", title: "a note" } };
    const { requestState } = await ask(params);
    expect(stub.seen).toEqual([]);
    const retry = { ...params, requestState, inputResponses: { sure: accept("yes") } };
    expect((await send(retry)).result).toMatchObject({ resultType: "complete" });
    expect((await send(retry)).error).toMatchObject(INVALID);
    expect(stub.writes).toHaveLength(1);
    expect(await rowsOf("confirm_note")).toMatchObject([{ outcome: "ok" }]);
  });

  it("may be a prompt", async () => {
    const { requestState } = await ask({ name: "greeting" }, "prompts/get");
    const { result } = await send({ name: "greeting", requestState, inputResponses: { who: accept("Ada") } }, "prompts/get");
    expect(result).toMatchObject({ resultType: "complete", messages: [{ content: { text: "Greet Ada." } }] });
  });

  it("goes on in an object that was evicted meanwhile", async () => {
    const { requestState } = await ask(TWICE);
    await server.worker.evictDurableObject("Home", { name: `home:${homeNameOf("local")}` });
    const again = await ask({ ...TWICE, requestState, inputResponses: { what: accept("mouse") } });
    expect(Object.keys(again.inputRequests)).toEqual(["color"]);
  });
});

describe("a requestState", () => {
  const answered = { inputResponses: { what: accept("mouse") } };
  const keyring = createKeyring("local-only-this-secret-is-public");
  const owner = { principalId: "local", method: "tools/call", params: TWICE };
  const state = { replies: {}, call: undefined, expiresMs: Date.now() + 60_000 };

  it("of this principal and request is taken, in whatever order the arguments come", async () => {
    const requestState = sealState(keyring, owner, state);
    const params = { ...TWICE, arguments: { times: 2, place: "there" }, requestState, ...answered };
    expect((await send(params)).result).toMatchObject({ resultType: "input_required" });
  });

  it.each<[string, () => unknown]>([
    ["that is no text", () => 12],
    ["that is null", () => null],
    ["of nobody", () => "state"],
    ["with more behind it", () => `${sealState(keyring, owner, state)}-TAMPERED`],
    ["of another secret", () => sealState(createKeyring("another secret that is long enough"), owner, state)],
    ["of another principal", () => sealState(keyring, { ...owner, principalId: "key:somebody" }, state)],
    ["of another method", () => sealState(keyring, { ...owner, method: "prompts/get" }, state)],
    ["of another tool", () => sealState(keyring, { ...owner, params: { ...TWICE, name: "ask_name" } }, state)],
    [
      "of other arguments",
      () => sealState(keyring, { ...owner, params: { ...TWICE, arguments: { place: "elsewhere", times: 2 } } }, state)
    ],
    ["that has expired", () => sealState(keyring, owner, { ...state, expiresMs: Date.now() - 1 })]
  ])("%s is -32602", async (_, make) => {
    expect((await send({ ...TWICE, requestState: make(), ...answered })).error).toMatchObject(INVALID);
  });

  it("with any of its bytes changed is -32602", async () => {
    const { requestState } = await ask(TWICE);
    for (let i = 0; i < requestState.length; i += 7) {
      const changed = `${requestState.slice(0, i)}${requestState[i] === "A" ? "B" : "A"}${requestState.slice(i + 1)}`;
      expect((await send({ ...TWICE, requestState: changed, ...answered })).error).toMatchObject(INVALID);
    }
    expect((await send({ ...TWICE, requestState, ...answered })).result).toMatchObject({ resultType: "input_required" });
  });

  it("is good once, also for two requests at a time", async () => {
    const { requestState } = await ask(TWICE);
    const answers = await Promise.all([1, 2].map(() => send({ ...TWICE, requestState, ...answered })));
    expect(answers.filter(({ error }) => error?.code === -32602)).toHaveLength(1);
    expect(answers.filter(({ result }) => result?.resultType === "input_required")).toHaveLength(1);
  });

  it("tells its holder nothing", async () => {
    const { requestState } = await ask(TWICE);
    const second = await ask({ ...TWICE, requestState, inputResponses: { what: accept("a secret") } });
    expect(Buffer.from(second.requestState.split(".")[1] ?? "", "base64url").toString("latin1")).not.toContain("secret");
  });
});
