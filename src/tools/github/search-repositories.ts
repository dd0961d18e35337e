import { z } from "zod";
import { showName } from "../../lib/text.ts";
import { defineTool, readOnly } from "../../mcp/define-tool.ts";
import { UpstreamFailed } from "../../mcp/errors.ts";
import { repository, toRepository } from "./repository.ts";

export const searchRepositories = defineTool({
  name: "search_repositories",
  title: "Search GitHub repositories",
  description:
    "Searches GitHub for repositories by words and GitHub's search qualifiers (https://docs.github.com/en/search-github/searching-on-github/searching-for-repositories). Use get_repository when owner and name are known.",
  toolset: "repositories",
  scopes: ["github:read"],
  annotations: readOnly,
  input: z.strictObject({
    query: z.string().trim().min(1).max(256).describe("Words to look for, with qualifiers if wanted, as in: http server stars:>100"),
    language: z
      .string()
      .trim()
      .regex(/^[^"\\]{1,50}$/, "may not hold quotes or backslashes")
      .optional()
      .describe("Only repositories written mostly in this language, as in TypeScript"),
    sort: z.enum(["stars", "forks", "updated"]).optional().describe("Highest first; GitHub's best match if left out"),
    limit: z.int().min(1).max(100).default(10).describe("How many repositories to return")
  }),
  output: z.object({
    total: z.int().describe("How many repositories match"),
    isComplete: z.boolean().describe("False if GitHub's search ran out of time: more may match"),
    repositories: z.array(repository)
  }),
  async run({ query, language, sort, limit }, ctx) {
    const { data } = await ctx.github.rest.search.repos({
      q: language === undefined ? query : `${query} language:"${language}"`,
      per_page: limit,
      ...(sort && { sort })
    });
    const page = searchAnswer.safeParse(data);
    if (!page.success) throw new UpstreamFailed("GitHub's answer could not be read. Try again in a minute.", { cause: page.error });
    return {
      total: page.data.total_count,
      isComplete: !page.data.incomplete_results,
      repositories: page.data.items.map(toRepository)
    };
  },
  render({ total, isComplete, repositories }) {
    const unsure = isComplete ? [] : ["GitHub's search ran out of time: more may match."];
    if (repositories.length === 0) return ["No repository matches. Try fewer words or another language.", ...unsure].join(" ");
    const lines = repositories.map(({ fullName, stars, language, description, topics }) => {
      const face = `${fullName} (${[`${stars} stars`, language, ...topics.map(showName)].filter(Boolean).join(", ")})`;
      return description ? `${face}: ${JSON.stringify(description)}` : face;
    });
    return [`${repositories.length} of ${total} repositories:`, ...lines, ...unsure].join("\n");
  }
});

const searchAnswer = z.object({ total_count: z.int(), incomplete_results: z.boolean(), items: z.array(z.unknown()) });
