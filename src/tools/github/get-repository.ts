import { z } from "zod";
import { defineTool, readOnly } from "../../mcp/define-tool.ts";
import { ownerName, repository, repositoryName, toRepository } from "./repository.ts";

export const getRepository = defineTool({
  name: "get_repository",
  title: "Get a GitHub repository",
  description:
    "Reads one repository: what it is, its language, topics, licence, stars and default branch. Use search_repositories to find one.",
  toolset: "repositories",
  scopes: ["github:read"],
  annotations: readOnly,
  input: z.strictObject({ owner: ownerName, repo: repositoryName }),
  output: repository,
  async run({ owner, repo }, ctx) {
    const { data } = await ctx.github.rest.repos.get({ owner, repo });
    return toRepository(data);
  },
  render: ({ fullName, description, language, stars, licence, defaultBranch, url }) =>
    [
      `${fullName}: ${description === undefined ? "no description" : JSON.stringify(description)}`,
      `${language ?? "no language"}, ${stars} stars, licence ${licence ?? "none"}, default branch ${defaultBranch}`,
      url
    ].join("\n")
});
