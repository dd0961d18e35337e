import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type GitHubUpstream, startGitHub } from "../../scripts/upstreams/github.ts";
import { SEED_REPOSITORIES } from "../../scripts/upstreams/github-seed.ts";
import { createPrincipal, startServer, type TestServer } from "../support/server.ts";
import { RawSession, type ToolAnswer } from "../support/session.ts";
import { RawSocket } from "../support/socket.ts";
import { RawStateless } from "../support/stateless.ts";
import { describeWires, openSession, type WireSession } from "../support/wires.ts";

const MAX_OPEN = 3;

let github: GitHubUpstream;
let server: TestServer;
let url: string;

beforeAll(async () => {
  github = await startGitHub();
  const settings = { GITHUB_API_URL: github.url, GITHUB_TOKEN: github.token, LOCAL_SCOPES: "all", MAX_OPEN_RUNS: String(MAX_OPEN) };
  server = await startServer({ settings });
  url = `${server.url}/mcp`;
});
afterAll(async () => {
  await Promise.all([server?.close(), github?.close()]);
});

/** The structured result of a call that must have succeeded. */
const structured = ({ structuredContent, content }: ToolAnswer): Record<string, unknown> => {
  if (!structuredContent) throw new Error(JSON.stringify(content));
  return structuredContent;
};

/** The sentence of a call that must have failed. */
const refusal = ({ isError, content }: ToolAnswer): string => {
  expect(isError).toBe(true);
  return content[0]?.text ?? "";
};

const BURROW = { owner: "hazel-works", repo: "burrow" };
const ask = { id: "ask", kind: "approval", message: "Read {{/inputs/owner}}/{{/inputs/repo}}?" };
const text = { type: "string" };
const inputs = { type: "object", properties: { owner: text, repo: text }, required: ["owner", "repo"] };
const waits = { name: "waits", steps: [{ ...ask, message: "Go on?" }] };

it("is started over HTTP in the sessionful era, watched over a WebSocket, read and signalled in the stateless era", async () => {
  const asked = {
    ...{ name: "asks_first", inputs },
    steps: [
      { id: "work", kind: "tool", tool: "long_operation", arguments: { steps: 10, delayMs: 50 } },
      ask,
      { id: "read", kind: "tool", tool: "get_repository", arguments: { owner: { $ref: "/inputs/owner" }, repo: { $ref: "/inputs/repo" } } }
    ],
    output: { stars: { $ref: "/steps/read/output/stars" }, why: "{{/steps/ask/output/note}}" }
  };
  const session = await RawSession.begin(url);
  const { run, state } = structured(await session.call("start_workflow", { definition: asked, inputs: BURROW }));
  expect(state).toBe("running");
  await session.end();

  const { socket } = await RawSocket.begin(url);
  const watch = async () => {
    const { result } = await socket.request("tools/call", { name: "get_run", arguments: { run, waitSeconds: 8 } });
    return structured(result as unknown as ToolAnswer);
  };
  const watched = await watch();
  expect(watched).toMatchObject({ state: "waiting", step: "ask", waitsFor: "Read hazel-works/burrow?", done: 1, total: 3 });

  const stateless = new RawStateless(url);
  expect(structured(await stateless.call("get_run", { run }))).toEqual(watched);
  const [read] = await stateless.request("resources/read", { uri: `run://${run}` });
  const [content] = (read?.result?.contents ?? []) as { text: string }[];
  expect({ ...JSON.parse(content?.text ?? ""), writtenByOthers: ["/waitsFor", "/steps/*/message"] }).toEqual(watched);
  expect(structured(await stateless.call("list_runs", { state: "waiting" })).runs).toEqual([expect.objectContaining({ run })]);
  await stateless.call("signal_run", { run, approved: true, note: "It is ours." });

  expect(await watch()).toMatchObject({
    ...{ state: "completed", done: 3, output: { stars: 12_438, why: "It is ours." } },
    steps: ["work", "ask", "read"].map((step) => ({ step, state: "ok", attempt: 1 }))
  });
  const { calls } = structured(await stateless.call("list_calls", { tool: "get_repository" }));
  const [{ call } = {}] = calls as { call?: string }[];
  expect(structured(await stateless.call("get_call", { call }))).toMatchObject({ outcome: "ok", client: "run/asks_first" });
  socket.close();
});

describe("repository_report", () => {
  it("reads what is listed and what is found, each once, and makes a table and a summary of it", async () => {
    const stateless = new RawStateless(url, await createPrincipal(server));
    const names = SEED_REPOSITORIES.map(({ owner, name }) => `${owner}/${name}`);
    const { run } = structured(
      await stateless.call("start_workflow", {
        workflow: "repository_report",
        inputs: { repositories: [...names.slice(2), "hazel-works/none"], query: "user:hazel-works", limit: 10 }
      })
    );
    const ended = structured(await stateless.call("get_run", { run, waitSeconds: 8 }));
    expect(ended).toMatchObject({ state: "completed", workflow: "repository_report", done: 4, total: 4 });
    const { summary, table } = ended.output as { summary: Record<string, unknown>; table: string };
    const stars = SEED_REPOSITORIES.reduce((sum, { stars: its }) => sum + its, 0);
    expect(summary).toMatchObject({ repositories: names.length + 1, read: names.length, failed: 1, stars });
    expect(summary.mostStars).toEqual({ fullName: "mara-lind/loam", stars: 15_204 });
    const [, , ...rows] = table.split("\n");
    expect(rows).toHaveLength(names.length + 1);
    for (const { owner, name, stars: its } of SEED_REPOSITORIES)
      expect(rows.filter((row) => row.startsWith(`| [${owner}/${name}](`) && row.includes(` | ${its} | `))).toHaveLength(1);
    expect(rows.find((row) => row.startsWith("| hazel-works/none |"))).toMatch(/Could not be read: Repository hazel-works\/none does not/);
    const { calls } = structured(await stateless.call("list_calls", { tool: "get_repository", limit: 100 }));
    expect(calls).toHaveLength(names.length + 1);
  });

  it("fails with a sentence where nothing was asked for", async () => {
    const stateless = new RawStateless(url);
    const { run } = structured(await stateless.call("start_workflow", { workflow: "repository_report" }));
    expect(structured(await stateless.call("get_run", { run, waitSeconds: 8 }))).toMatchObject({
      ...{ state: "failed", step: "list" },
      error: "list: There is nothing to report on: give repositories, a query, or both."
    });
  });
});

describeWires("a workflow that is given", (wire) => {
  let session: WireSession;
  beforeEach(async () => {
    session = await openSession(wire, url);
  });
  afterEach(() => session.close());

  it("runs to its end, and is deleted", async () => {
    const each = {
      ...{ id: "read", kind: "for_each", items: { $ref: "/inputs/names" }, tool: "get_repository" },
      arguments: { owner: "hazel-works", repo: { $ref: "/item" } }
    };
    const definition = {
      name: "given",
      inputs: { type: "object", properties: { names: { type: "array", items: text } }, required: ["names"] },
      steps: [each],
      output: { $ref: "/steps/read/output/1/fullName" }
    };
    const started = await session.call("start_workflow", { definition, inputs: { names: ["burrow", "nutshell"] } });
    const { run } = structured(started);
    const got = await session.call("get_run", { run, waitSeconds: 8 });
    expect(structured(got)).toMatchObject({
      ...{ run, workflow: "given", state: "completed", done: 1, total: 1, output: "hazel-works/nutshell" },
      steps: ["read", "read/0", "read/1"].map((step) => ({ step, state: "ok" }))
    });
    expect(got.content[0]?.text).toContain("given: completed, 1 of 1 steps done");
    expect(structured(await session.call("delete_run", { run }))).toEqual({ deleted: run });
    expect(refusal(await session.call("get_run", { run }))).toContain("No run of yours has the handle");
  });
});

describe("bad input", () => {
  let stateless: RawStateless;
  beforeEach(async () => {
    stateless = new RawStateless(url, await createPrincipal(server));
  });

  it.each([
    ["a tool that is not there", { tool: "no_such_tool" }, "steps[1].tool"],
    ["a literal argument of the wrong type", { arguments: { owner: 1, repo: "burrow" } }, "steps[1].arguments.owner"],
    ["an argument that is missing", { arguments: { owner: "hazel-works" } }, "steps[1].arguments.repo"],
    ["a reference to a later step", { arguments: { ...BURROW, repo: { $ref: "/steps/later/output" } } }, "steps[1].arguments.repo"]
  ])("of a workflow names step and field: %s", async (_, more, field) => {
    const tool = { kind: "tool", tool: "get_repository", arguments: BURROW };
    const steps = [
      { id: "first", ...tool },
      { id: "second", ...tool, ...more },
      { id: "later", ...tool }
    ];
    const sentence = refusal(await stateless.call("start_workflow", { definition: { name: "faulty", steps } }));
    expect(sentence).toContain("nothing was started");
    expect(sentence).toContain(`\n${field}: `);
    expect(structured(await stateless.call("list_runs")).runs).toEqual([]);
  });

  it("of the inputs names the input", async () => {
    const definition = { name: "inputs", inputs, steps: [ask] };
    expect(refusal(await stateless.call("start_workflow", { definition, inputs: { owner: 1 } }))).toMatch(
      /inputs\.owner: .*\ninputs\.repo: /
    );
  });

  it("of a name says where the names are", async () => {
    const sentence = refusal(await stateless.call("start_workflow", { workflow: "none" }));
    expect(sentence).toContain("There is no workflow none. Use list_workflows");
  });

  it("of a signal says what the run is doing", async () => {
    const work = { id: "work", kind: "tool", tool: "long_operation", arguments: { steps: 100, delayMs: 100 } };
    const { run } = structured(await stateless.call("start_workflow", { definition: { name: "works", steps: [work] } }));
    expect(refusal(await stateless.call("signal_run", { run, approved: true }))).toContain("does not wait for anybody: it is running.");
    await stateless.call("cancel_run", { run });
    expect(refusal(await stateless.call("signal_run", { run, approved: true }))).toContain("it is cancelled.");
  });

  it("beyond the quota names the limit and the runs that are open, and one that ends makes room", async () => {
    const start = () => stateless.call("start_workflow", { definition: waits });
    const { run: failed } = structured(await stateless.call("start_workflow", { workflow: "repository_report" }));
    await stateless.call("get_run", { run: failed, waitSeconds: 8 });
    const runs: unknown[] = [];
    for (let opened = 0; opened < MAX_OPEN; opened++) runs.push(structured(await start()).run);
    const refused = await start();
    for (const run of runs) expect(refusal(refused)).toContain(`${run} (waits, waiting)`);
    expect(refused._meta).toMatchObject({ "dormouse/limit": { limit: "open_runs", maxOpen: MAX_OPEN } });
    expect(refusal(await stateless.call("retry_run", { run: failed }))).toContain(`${MAX_OPEN} may be`);
    await stateless.call("cancel_run", { run: runs[0] });
    expect(structured(await start())).toMatchObject({ workflow: "waits" });
  });
});

it("is nobody else's: another principal neither sees nor moves it", async () => {
  const [mine, other] = [new RawStateless(url, await createPrincipal(server)), new RawStateless(url, await createPrincipal(server))];
  await mine.call("define_workflow", { definition: { ...waits, name: "mine" } });
  const { run } = structured(await mine.call("start_workflow", { workflow: "mine" }));
  expect(structured(await other.call("list_runs")).runs).toEqual([]);
  expect(structured(await other.call("list_workflows", { workflow: "mine" })).workflows).toEqual([]);
  expect(refusal(await other.call("start_workflow", { workflow: "mine" }))).toContain("There is no workflow mine.");
  for (const tool of ["get_run", "cancel_run", "retry_run", "delete_run"])
    expect(refusal(await other.call(tool, { run }))).toContain(`No run of yours has the handle ${run}.`);
  expect(refusal(await other.call("signal_run", { run, approved: true }))).toContain(`No run of yours has the handle ${run}.`);
  const [read] = await other.request("resources/read", { uri: `run://${run}` });
  expect(read?.error?.message).toContain("No run of yours");
  expect(structured(await mine.call("get_run", { run }))).toMatchObject({ state: "waiting" });
});
