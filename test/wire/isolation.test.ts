import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type GitHubUpstream, startGitHub } from "../../scripts/upstreams/github.ts";
import { type LocalServer, startLocalServer } from "../../scripts/upstreams/local-server.ts";
import { DEPLOYED, startServer, type TestServer } from "../support/server.ts";
import { MCP_HEADERS, RawSession, type ToolAnswer } from "../support/session.ts";
import { bearer, OAuthClient } from "../support/sign-in.ts";
import { RawSocket, upgradeStatus } from "../support/socket.ts";
import { RawStateless } from "../support/stateless.ts";

// Two people who signed in, over real connections: neither is told that the other has anything, nor acts with what the other has.

let github: GitHubUpstream;
/** Stands before GitHub and sees with what it is asked. */
let front: LocalServer;
let server: TestServer;
let url: string;
let alice: Record<string, string>;
let bob: Record<string, string>;
const shown: string[] = [];

beforeAll(async () => {
  github = await startGitHub();
  front = await startLocalServer(async (request, response) => {
    shown.push(request.headers.authorization ?? "");
    const answer = await fetch(github.url + request.url, { headers: { authorization: request.headers.authorization ?? "" } });
    response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
  });
  const oauth = { GITHUB_CLIENT_ID: "Ov23example", GITHUB_CLIENT_SECRET: "a-secret-of-the-app" };
  // Each session leases permits by itself; how many there are is not looked at here.
  server = await startServer({
    settings: { ...DEPLOYED, ...oauth, RATE_LIMIT: "off", GITHUB_API_URL: front.url, GITHUB_WEB_URL: github.url }
  });
  url = `${server.url}/mcp`;
  const client = await OAuthClient.register(server.url);
  [alice, bob] = [bearer(await client.signIn({ login: "robin-hale" })), bearer(await client.signIn({ login: "mara-lind" }))];
});
afterAll(async () => {
  await Promise.all([server?.close(), front?.close(), github?.close()]);
});
beforeEach(() => {
  shown.length = 0;
});

const READ = ["get_repository", { owner: "hazel-works", repo: "burrow" }] as const;

const runOf = ({ structuredContent }: ToolAnswer): string => String(structuredContent?.run);

/** What a tool answered, without the handles and names that it says back. */
const withoutNames = (answer: ToolAnswer): string => JSON.stringify(answer).replaceAll(/(call|run|ses)_\w+|\w*plan\w*/g, "…");

/** An answer, whole, without what differs each time. */
async function answerTo(method: string, id: string, headers: Record<string, string>): Promise<string> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: READ[0], arguments: READ[1] } });
  const sent = { ...MCP_HEADERS, ...headers, "mcp-session-id": id };
  const response = await fetch(url, { method, headers: sent, ...(method === "POST" && { body }) });
  const said = [...response.headers].filter(([name]) => name !== "date").sort();
  return JSON.stringify([response.status, said, await response.text()]);
}

describe("a session of somebody who signed in", () => {
  it.each(["POST", "GET", "DELETE"])("is to another by %s what no session is, and nobody's token is used", async (method) => {
    const session = await RawSession.begin(url, { headers: alice });
    await session.call(...READ);
    const tokens = new Set(shown.splice(0));
    expect(tokens.size).toBe(1);
    const answer = await answerTo(method, session.id, bob);
    expect(answer).toBe(await answerTo(method, `${session.id.slice(0, -1)}${session.id.endsWith("A") ? "B" : "A"}`, bob));
    expect(answer).toBe(await answerTo(method, "no-session", bob));
    expect(answer).toMatch(/^\[404,.*-32001/);
    expect(shown).toEqual([]);
    await session.call(...READ); // it goes on
    expect(new Set(shown)).toEqual(tokens);
    const his = await RawSession.begin(url, { headers: bob });
    await his.call(...READ);
    expect(tokens).not.toContain(shown.at(-1));
  });

  it("opens no socket to another, by header or by query", async () => {
    const { socket, session, name } = await RawSocket.begin(url, { headers: alice });
    const statuses = [
      await upgradeStatus(url, { ...bob, "mcp-session-id": session }),
      await upgradeStatus(`${url}?session=${session}`, bob),
      await upgradeStatus(`${url}?session=${session}&resume=${name}`, bob),
      await upgradeStatus(url, { ...bob, "mcp-session-id": "no-session" })
    ];
    expect(statuses).toEqual([404, 404, 404, 404]);
    expect((await socket.request("ping")).result).toEqual({}); // nobody took its place
    socket.close();
  });

  it("is not cancelled, answered or heard by another who numbers requests alike", async () => {
    const long = { name: "long_operation", arguments: { steps: 10, delayMs: 50 }, _meta: { progressToken: "p" } };
    const [hers, his] = [await RawSocket.begin(url, { headers: alice }), await RawSocket.begin(url, { headers: bob })];
    const work = hers.socket.request("tools/call", long, 7);
    await hers.socket.next(({ method }) => method === "notifications/progress");
    const cancelled = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 7 } };
    his.socket.send(cancelled);
    const session = await RawSession.begin(url, { headers: bob });
    expect((await session.post(cancelled)).status).toBe(202);
    expect((await session.post(cancelled, { "mcp-session-id": hers.session })).status).toBe(404);
    expect((await session.post({ jsonrpc: "2.0", id: 7, result: {} })).status).toBe(202);
    expect((await work).result?.structuredContent).toMatchObject({ steps: 10 });
    expect(his.socket.received).toEqual([]);
    for (const { socket } of [hers, his]) socket.close();
  });
});

describe.each(["sessionful", "stateless"] as const)("in the %s era", (era) => {
  const clientOf = async (headers: Record<string, string>) =>
    era === "stateless" ? new RawStateless(url, headers) : RawSession.begin(url, { headers });

  it("neither calls, sessions, runs nor workflows of another are found, read or changed", async () => {
    const [hers, his] = [await clientOf(alice), await clientOf(bob)];
    const definition = { name: `plan_of_${era}`, steps: [{ id: "ask", kind: "approval", message: "Shall the burrow be dug?" }] };
    await hers.call("define_workflow", { definition });
    const run = runOf(await hers.call("start_workflow", { workflow: definition.name }));
    await hers.call(...READ);
    const call = /call_\w+/.exec(JSON.stringify(await hers.call("list_calls", { limit: 1 })))?.[0] ?? "";
    const nothing = { run: run.replace(/....$/, "0000"), call: call.replace(/....$/, "0000") };
    for (const [tool, named, other] of [
      ["get_call", { call }, { call: nothing.call }],
      ["get_run", { run }, { run: nothing.run }],
      ["cancel_run", { run }, { run: nothing.run }],
      ["signal_run", { run, approved: true }, { run: nothing.run, approved: true }],
      ["start_workflow", { workflow: definition.name }, { workflow: "no_plan" }]
    ] as const) {
      const [answer, expected] = [await his.call(tool, named), await his.call(tool, other)].map(withoutNames);
      expect(answer).toContain('"isError":true');
      expect(answer).toBe(expected);
    }
    // What he called with her handles is in his own history.
    const lists = await Promise.all(["list_sessions", "list_runs", "list_workflows"].map((tool) => his.call(tool)));
    expect([run, definition.name].filter((name) => JSON.stringify(lists).includes(name))).toEqual([]);
    expect((await hers.call("get_run", { run })).structuredContent).toMatchObject({ state: "waiting" });
  });

  it("a key of the one is not the other's", async () => {
    const [hers, his] = [await clientOf(alice), await clientOf(bob)];
    const keyed = { meta: { "dormouse/idempotency-key": `the same of ${era}` } };
    const answers = [await hers.call(...READ, keyed), await his.call(...READ, keyed), await his.call(...READ, keyed)];
    expect(answers.map(({ _meta }) => _meta?.["dormouse/replayed"] ?? false)).toEqual([false, false, true]);
    expect(new Set(shown).size).toBe(2);
  });
});
