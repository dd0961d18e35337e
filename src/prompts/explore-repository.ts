import { z } from "zod";
import { definePrompt, userMessage } from "../mcp/define-prompt.ts";

export const exploreRepository = definePrompt({
  name: "explore_repository",
  title: "Explore a repository",
  description: "Looks at a GitHub repository and tells what it is, how alive it is and what resembles it.",
  toolset: "repositories",
  input: z.object({
    owner: z.string().min(1).describe("Owner of the repository, as in octocat"),
    repo: z.string().min(1).describe("Name of the repository, as in hello-world")
  }),
  async messages({ owner, repo }) {
    return [
      userMessage(
        [
          `Explore the GitHub repository ${owner}/${repo}.`,
          "1. Read it with get_repository.",
          "2. Find up to five similar ones with search_repositories, by its topics and language.",
          "3. Tell in a few sentences what it is for, how alive it is, under which licence, and how it differs from the others."
        ].join("\n")
      )
    ];
  }
});
