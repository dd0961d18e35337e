import { defineResource } from "../mcp/define-resource.ts";
import { InvalidInput } from "../mcp/errors.ts";
import { ownerName, repositoryName, toRepository } from "../tools/github/repository.ts";

export const repositoryResource = defineResource({
  uri: "repository://{owner}/{repo}",
  name: "repository",
  title: "A GitHub repository",
  description: "Name, description, creation, language, topics, licence, stars and default branch of one repository.",
  mimeType: "application/json",
  toolset: "repositories",
  scopes: ["github:read"],
  async read({ owner, repo }, ctx) {
    if (!ownerName.safeParse(owner).success || !repositoryName.safeParse(repo).success) {
      throw new InvalidInput("GitHub does not allow such a name for an owner or a repository.");
    }
    const { data } = await ctx.github.rest.repos.get({ owner, repo });
    const { fullName, description, createdAt, language, topics, licence, stars, defaultBranch } = toRepository(data);
    return { name: fullName, description, createdAt, language, topics, licence, stars, defaultBranch };
  }
});
