import { describe, expect, it } from "vitest";
import { DEFAULTS } from "../../../src/config.ts";
import type { Json, JsonObject } from "../../../src/lib/json.ts";
import { utf8Bytes } from "../../../src/lib/text.ts";
import { InvalidInput } from "../../../src/mcp/errors.ts";
import { itemsOf } from "../../../src/mcp/workflow/for-each.ts";
import { holds, resolve } from "../../../src/mcp/workflow/reference.ts";
import { faultsOfInputs, readInputs } from "../../../src/mcp/workflow/run-inputs.ts";
import type { RunValues, StepDefinition } from "../../../src/mcp/workflow.ts";
import type { Repository } from "../../../src/tools/github/repository.ts";
import { repositoriesToRead } from "../../../src/workflows/repositories-to-read.ts";
import { repositoryReport } from "../../../src/workflows/repository-report.ts";
import { repositoryTable } from "../../../src/workflows/repository-table.ts";

const repositoryOf = (fullName: string, rest: Partial<Repository> = {}): Repository => ({
  ...{ fullName, topics: [], stars: 1, forks: 2, openIssues: 3, defaultBranch: "main", isArchived: false },
  ...{ createdAt: "2020-01-01T00:00:00Z", updatedAt: "2026-01-02T03:04:05Z", url: `https://github.com/${fullName}` },
  ...rest
});

describe("the repositories of a report", () => {
  const skipped = { state: "skipped" };
  const found = (...names: string[]) => ({ state: "ok", output: { total: 9, repositories: names.map((name) => repositoryOf(name)) } });
  const list = (inputs: JsonObject, find: JsonObject) => repositoriesToRead({ inputs, find });

  it.each<[string, JsonObject, JsonObject, Json]>([
    [
      "those that are listed",
      { repositories: ["a/b", " c/d "] },
      skipped,
      [
        { owner: "a", repo: "b" },
        { owner: "c", repo: "d" }
      ]
    ],
    ["those that are found", { query: "x" }, found("a/b"), [{ owner: "a", repo: "b" }]],
    [
      "both, each once whatever its case",
      { repositories: ["A/b"], query: "x" },
      found("a/B", "c/d"),
      [
        { owner: "A", repo: "b" },
        { owner: "c", repo: "d" }
      ]
    ],
    ["none, where none is found", { query: "x" }, found(), []]
  ])("are %s", (_, inputs, find, expected) => expect(list(inputs, find)).toEqual(expected));

  it.each<[string, JsonObject, JsonObject, string]>([
    ["nothing was asked for", {}, skipped, "There is nothing to report on: give repositories, a query, or both."],
    ["a name has no owner", { repositories: ["hello-world"] }, skipped, '"hello-world" names no repository: write owner/name'],
    ["a name is an address", { repositories: ["https://github.com/a/b"] }, skipped, "names no repository"],
    [
      "there are too many",
      { repositories: Array.from({ length: 100 }, (_, n) => `a/${n}`), query: "x" },
      found("b/c"),
      "101 repositories were listed and found, and a report reads 100 at most."
    ]
  ])("are refused where %s", (_, inputs, find, message) => {
    expect(() => list(inputs, find)).toThrow(InvalidInput);
    expect(() => list(inputs, find)).toThrow(message);
  });
});

describe("the table of a report", () => {
  const tableOf = (read: Json[]) => {
    const listed = read.map((_, index) => ({ owner: "asked", repo: `for-${index}` }));
    return repositoryTable({ listed, read });
  };

  it("has a row for each repository, and a summary of all", () => {
    const answer = tableOf([
      repositoryOf("a/b", { description: "First", language: "TypeScript", licence: "MIT", stars: 10 }),
      repositoryOf("c/d", { language: "TypeScript", stars: 30, isArchived: true, updatedAt: "2026-02-02T00:00:00Z" }),
      { error: "Repository asked/for-2 does not exist, or your token cannot see it." }
    ]);
    expect(answer).toEqual({
      summary: {
        ...{ repositories: 3, read: 2, failed: 1, archived: 1, stars: 40, forks: 4, openIssues: 6 },
        languages: [{ name: "TypeScript", repositories: 2 }],
        licences: [
          { name: "MIT", repositories: 1 },
          { name: null, repositories: 1 }
        ],
        mostStars: { fullName: "c/d", stars: 30 },
        lastUpdated: { fullName: "c/d", updatedAt: "2026-02-02T00:00:00Z" }
      },
      table: [
        "| Repository | Stars | Forks | Open issues | Language | Licence | Updated | About |",
        "| --- | ---: | ---: | ---: | --- | --- | --- | --- |",
        "| [a/b](https://github.com/a/b) | 10 | 2 | 3 | TypeScript | MIT | 2026-01-02 | First |",
        "| [c/d](https://github.com/c/d) | 30 | 2 | 3 | TypeScript |  | 2026-02-02 | Archived. |",
        "| asked/for-2 |  |  |  |  |  |  | Could not be read: Repository asked/for-2 does not exist, or your token cannot see it. |"
      ].join("\n")
    });
  });

  it("keeps what others wrote in its cell, as text", () => {
    const answer = tableOf([repositoryOf("a/b", { description: "one\n| two | <b>three</b> [four](x) `five`\u202e\\" })]);
    expect(answer).toHaveProperty(
      "table",
      expect.stringMatching(/\| one \\\| two \\\| \\<b\\>three\\<\/b\\> \\\[four\\\]\(x\) \\`five\\`\\\\ \|$/)
    );
  });

  it("is empty where nothing was found", () => {
    expect(tableOf([])).toMatchObject({ summary: { repositories: 0, read: 0, failed: 0, stars: 0, languages: [] } });
  });

  it("fits a message with a hundred repositories of long names and descriptions", () => {
    const long = repositoryOf(`${"o".repeat(39)}/${"r".repeat(100)}`, {
      description: "語".repeat(350),
      language: "Jupyter Notebook",
      licence: "AGPL-3.0"
    });
    expect(utf8Bytes(JSON.stringify(tableOf(Array<Json>(100).fill(long))))).toBeLessThan(DEFAULTS.call.inlineBytes);
  });

  it("is the same each time it is made", () => {
    const read = [repositoryOf("a/b", { language: "Go" }), repositoryOf("c/d", { language: "C" }), repositoryOf("e/f")];
    expect(tableOf(read)).toEqual(tableOf(structuredClone(read)));
  });
});

describe("repository_report", () => {
  const { definition, functions } = repositoryReport;
  const resolving = { path: "arguments", maxBytes: 1_000_000 };

  /** Does the steps in memory, with `call` in the place of tools. */
  function run(inputs: JsonObject, call: (tool: string, args: JsonObject) => Json): Json {
    const steps: { [id: string]: RunValues["steps"][string] } = {};
    const values: RunValues = { inputs: readInputs(definition, inputs), steps };
    for (const step of definition.steps)
      steps[step.id] =
        !step.when || holds(step.when, values) ? { state: "ok", output: outputOf(step, values, call) } : { state: "skipped" };
    return resolve(definition.output ?? null, values, resolving);
  }

  function outputOf(step: StepDefinition, values: RunValues, call: (tool: string, args: JsonObject) => Json): Json {
    const argumentsIn = (own: RunValues) => resolve("arguments" in step ? step.arguments : {}, own, resolving) as JsonObject;
    if (step.kind === "tool") return call(step.tool, argumentsIn(values));
    if (step.kind === "for_each")
      return itemsOf(step, values, resolving).map((item, index) => call(step.tool, argumentsIn({ ...values, item, index })));
    return (step.kind === "code" && functions.get(step.function)?.(argumentsIn(values))) || null;
  }

  const github = (tool: string, args: JsonObject): Json =>
    tool === "search_repositories"
      ? { total: 1, repositories: [repositoryOf(`found/${args.query}-${args.limit}`)] }
      : repositoryOf(`${args.owner}/${args.repo}`);

  it("reports on what is listed and on what is found", () => {
    const answer = run({ repositories: ["octo/one"], query: "http" }, github);
    expect(answer).toMatchObject({ summary: { repositories: 2, read: 2 }, table: expect.stringContaining("found/http-20") });
  });

  it("searches only where it was asked to", () => {
    const called: string[] = [];
    run({ repositories: ["octo/one", "octo/two"] }, (tool, args) => {
      called.push(tool);
      return github(tool, args);
    });
    expect(called).toEqual(["get_repository", "get_repository"]);
  });

  it.each<[string, JsonObject, string]>([
    ["a list that is none", { repositories: "octo/one" }, "inputs.repositories"],
    ["too many repositories", { repositories: Array(101).fill("octo/one") }, "inputs.repositories"],
    ["an empty query", { query: "" }, "inputs.query"],
    ["too high a limit", { query: "http", limit: 101 }, "inputs.limit"],
    ["an input it does not have", { repos: ["octo/one"] }, "inputs"]
  ])("does not start with %s", (_, inputs, path) => expect(faultsOfInputs(definition, inputs)).toMatchObject([{ path }]));
});
