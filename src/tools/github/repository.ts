import { z } from "zod";
import { UpstreamFailed } from "../../mcp/errors.ts";
import { writtenByOthers } from "../../mcp/written-by-others.ts";

/** A GitHub login: https://docs.github.com/en/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference/username-considerations-for-external-authentication */
export const ownerName = z
  .string()
  .regex(/^[a-zA-Z0-9](?:[a-zA-Z0-9_]|-(?=[a-zA-Z0-9_])){0,38}$/, "is not a name that GitHub allows for an owner")
  .describe("Owner of the repository: a user or an organization, as in octocat");

/** A repository's name: letters, digits, dots, hyphens and underscores, at most 100. */
export const repositoryName = z
  .string()
  .regex(/^(?!\.{1,2}$)[\w.-]{1,100}$/, "is not a name that GitHub allows for a repository")
  .describe("Name of the repository without its owner, as in hello-world");

/** A repository as our tools answer it. */
export const repository = z.object({
  fullName: z.string().describe("owner/name"),
  description: writtenByOthers(z.string()).optional(),
  language: z.string().optional().describe("The language most of it is written in"),
  topics: writtenByOthers(z.array(z.string())),
  licence: z.string().optional().describe("SPDX identifier, or the licence's name; absent where GitHub found none"),
  stars: z.int(),
  forks: z.int(),
  openIssues: z.int().describe("Open issues and pull requests together, as GitHub counts them"),
  // Unlike the full name, a branch may be called nearly anything: https://git-scm.com/docs/git-check-ref-format
  defaultBranch: writtenByOthers(z.string()),
  isArchived: z.boolean(),
  createdAt: z.string().describe("ISO 8601"),
  updatedAt: z.string().describe("ISO 8601"),
  url: z.url()
});

export type Repository = z.output<typeof repository>;

// What is read of GitHub's answer: https://docs.github.com/en/rest/repos/repos#get-a-repository
const answered = z.object({
  full_name: z.string(),
  description: z.string().nullish(),
  language: z.string().nullish(),
  topics: z.array(z.string()).nullish(),
  license: z.object({ spdx_id: z.string().nullish(), name: z.string() }).nullish(),
  stargazers_count: z.int(),
  forks_count: z.int(),
  open_issues_count: z.int(),
  default_branch: z.string(),
  archived: z.boolean().nullish(),
  created_at: z.string(),
  updated_at: z.string(),
  html_url: z.string()
});

/** @throws UpstreamFailed for an answer that is not a repository. */
export function toRepository(data: unknown): Repository {
  const parsed = answered.safeParse(data);
  if (!parsed.success) throw new UpstreamFailed("GitHub's answer could not be read. Try again in a minute.", { cause: parsed.error });
  const from = parsed.data;
  return {
    fullName: from.full_name,
    description: from.description ?? undefined,
    language: from.language ?? undefined,
    topics: from.topics ?? [],
    licence: spdxOf(from.license),
    stars: from.stargazers_count,
    forks: from.forks_count,
    openIssues: from.open_issues_count,
    defaultBranch: from.default_branch,
    isArchived: from.archived ?? false,
    createdAt: from.created_at,
    updatedAt: from.updated_at,
    url: from.html_url
  };
}

// GitHub says NOASSERTION where it found a licence that it does not know.
function spdxOf(license: z.output<typeof answered>["license"]): string | undefined {
  if (!license) return undefined;
  return license.spdx_id && license.spdx_id !== "NOASSERTION" ? license.spdx_id : license.name;
}
