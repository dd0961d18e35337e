import { z } from "zod";
import { showName } from "../../lib/text.ts";
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
  render: ({ fullName, description, language, topics, licence, defaultBranch, isArchived, url, ...rest }) =>
    [
      `${fullName}${isArchived ? " (archived)" : ""}: ${description === undefined ? "no description" : JSON.stringify(description)}`,
      `${language ?? "no language"}, licence ${licence ?? "none"}, default branch ${showName(defaultBranch)}`,
      `${rest.stars} stars, ${rest.forks} forks, ${rest.openIssues} open issues and pull requests`,
      ...(topics.length > 0 ? [`Topics: ${topics.map(showName).join(", ")}`] : []),
      `Created ${rest.createdAt}, updated ${rest.updatedAt}`,
      url
    ].join("\n")
});
