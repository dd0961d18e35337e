import { reset, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { homeNameOf } from "../../../src/mcp/doors/home-name.ts";
import { SECRETS } from "../mcp/calls/secrets.ts";
import { begin, createCaller, send, stubOf } from "./in-worker.ts";

// Where a call is shown or logged, no secret is. What a caller is answered is not changed.

afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

/** All that the stores of an object hold, as text. */
const storedIn = (stub: DurableObjectStub, table: string) =>
  runInDurableObject(stub, (_, { storage }) => JSON.stringify(storage.sql.exec(`SELECT * FROM ${table}`).toArray()));

const home = () => env.HOME.get(env.HOME.idFromName(`home:${homeNameOf("local")}`));

const logged = () => {
  const lines: string[] = [];
  for (const level of ["log", "error", "warn"] as const) {
    vi.spyOn(console, level).mockImplementation((line) => void lines.push(String(line)));
  }
  return lines;
};

const MAX_HANDLE = 64;

/** JSON escapes the line ends of a private key. */
const tellsOf = (text: string, secret: string) => text.includes(secret) || text.includes(JSON.stringify(secret).slice(1, -1));

describe.each(Object.entries(SECRETS))("a secret (%s)", (_, secret) => {
  it("stands in the live answer, and in nothing that is kept, shown or logged", async () => {
    const lines = logged();
    const session = await begin();
    const inSession = createCaller({}, session);
    const stateless = createCaller({});
    for (const call of [inSession, stateless]) {
      // A handle is repeated in the error, so the secret is in the arguments and in the answer.
      const answer = JSON.stringify(await call("get_call", { call: secret }));
      if (secret.length <= MAX_HANDLE) expect(tellsOf(answer, secret)).toBe(true);
      await call("list_calls", { text: secret });
      await call("list_calls", { password: secret });
      await call(secret).catch(() => {}); // an unknown tool
    }
    const shown = [
      JSON.stringify(await stateless("list_calls", { limit: 100 })),
      JSON.stringify(await stateless("export_calls")),
      await (await send("POST", session, { id: 9, method: "resources/read", params: { uri: "calls://recent" } })).text(),
      await storedIn(home(), "home_calls"),
      await storedIn(stubOf(session), "calls"),
      ...lines
    ];
    const head = secret.slice(0, MAX_HANDLE); // the name of a tool is cut
    expect(shown.filter((text) => tellsOf(text, secret) || tellsOf(text, head)).map((text) => text.slice(0, 200))).toEqual([]);
    expect(lines.length).toBeGreaterThan(0);
  });
});

it("writes one line of JSON per call, without arguments, results or who it was", async () => {
  const lines = logged();
  const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const _meta = { traceparent: `00-${trace}-00f067aa0ba902b7-01` };
  const session = await begin();
  const call = (params: object) => send("POST", session, { id: 1, method: "tools/call", params }).then((response) => response.text());
  await call({ name: "long_operation", arguments: { steps: 1, delayMs: 0 }, _meta });
  await call({ name: "get_call", arguments: { call: "none" }, _meta: { traceparent: "nonsense" } });
  await call({ name: "no_such_tool" });
  const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ event }) => event === "tool_call");
  const common = { level: "info", principal: homeNameOf("local"), era: "sessionful", client: "in the worker/1", ms: expect.any(Number) };
  expect(entries).toEqual([
    { ...common, event: "tool_call", tool: "long_operation", outcome: "ok", bytes: expect.any(Number), trace },
    { ...common, event: "tool_call", tool: "get_call", outcome: "error", error: "NotFound", call: expect.stringMatching(/^call_/) },
    { ...common, event: "tool_call", tool: "no_such_tool", outcome: "error", error: "UnknownTool", call: expect.stringMatching(/^call_/) }
  ]);
  // The trace is kept with the call.
  const found = await createCaller({}, session)("list_calls", { tool: "long_operation" });
  const { call: handle } = (found.calls as { call: string }[])[0] ?? {};
  expect(await createCaller({})("get_call", { call: handle })).toMatchObject({ trace: _meta.traceparent });
});

it("keeps of a trace what every version has, and nothing that a caller hangs on it", async () => {
  const session = await begin();
  const trace = "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const _meta = { traceparent: `${trace}-${"x".repeat(100_000)}` };
  await (
    await send("POST", session, { id: 1, method: "tools/call", params: { name: "get_call", arguments: { call: "none" }, _meta } })
  ).text();
  const [line = ""] = String((await createCaller({}, session)("export_calls")).ndjson).split("\n");
  expect(JSON.parse(line)).toMatchObject({ tool: "get_call", trace });
});

it("hides a secret that stands in the name of a client", async () => {
  const name = ["ghp", "a1B2".repeat(9)].join("_");
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name, version: "1" } };
  const begun = await send("POST", undefined, { id: 0, method: "initialize", params });
  await begun.text();
  const session = begun.headers.get("mcp-session-id") ?? "";
  const call = createCaller({}, session);
  await call("get_call", { call: "none" });
  expect(await call("list_sessions")).toMatchObject({ sessions: [{ client: "[redacted]/1" }] });
  const kept = await runInDurableObject(stubOf(session), (_, { storage }) => JSON.stringify([...storage.kv.list()]));
  for (const text of [kept, await storedIn(home(), "sessions")]) expect(text).not.toContain(name);
});
