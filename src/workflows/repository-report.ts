import { type ShippedWorkflow, workflowDefinition } from "../mcp/workflow.ts";
import { repositoriesToRead } from "./repositories-to-read.ts";
import { repositoryTable } from "./repository-table.ts";

/** Reads a list of repositories, or what a search finds, in parallel, and makes a table and a summary of them. */
export const repositoryReport: ShippedWorkflow = {
  definition: workflowDefinition.parse({
    name: "repository_report",
    title: "Report on repositories",
    description:
      "Reads up to 100 GitHub repositories, those that are listed, those that a search finds, or both, and answers with a Markdown table and a summary. One that cannot be read has a row that says so.",
    inputs: {
      type: "object",
      properties: {
        repositories: { type: "array", items: { type: "string" }, maxItems: 100, description: "Repositories to read, each as owner/name" },
        query: {
          type: "string",
          minLength: 1,
          maxLength: 256,
          description: "Search to find repositories with, as for search_repositories"
        },
        limit: { type: "integer", minimum: 1, maximum: 100, default: 20, description: "How many of those that the search finds to read" }
      }
    },
    steps: [
      {
        ...{ id: "find", kind: "tool", tool: "search_repositories", when: { ref: "/inputs/query" } },
        arguments: { query: { $ref: "/inputs/query" }, limit: { $ref: "/inputs/limit" } },
        retry: { attempts: 3, delaySeconds: 30 }
      },
      {
        ...{ id: "list", kind: "code", function: "repositories_to_read" },
        // The whole step, for it has no output where nothing was searched.
        arguments: { inputs: { $ref: "/inputs" }, find: { $ref: "/steps/find" } }
      },
      {
        ...{ id: "read", kind: "for_each", items: { $ref: "/steps/list/output" }, tool: "get_repository" },
        arguments: { owner: { $ref: "/item/owner" }, repo: { $ref: "/item/repo" } },
        ...{ concurrency: 5, keepFailures: true, retry: { attempts: 3, delaySeconds: 30 } }
      },
      {
        ...{ id: "report", kind: "code", function: "repository_table" },
        arguments: { listed: { $ref: "/steps/list/output" }, read: { $ref: "/steps/read/output" } }
      }
    ],
    output: { $ref: "/steps/report/output" }
  }),
  functions: new Map([
    ["repositories_to_read", repositoriesToRead],
    ["repository_table", repositoryTable]
  ])
};
