import { z } from "zod";
import type { Json, JsonObject } from "../lib/json.ts";
import { cut } from "../lib/text.ts";
import { InvalidInput } from "../mcp/errors.ts";
import { WORKFLOW_LIMITS } from "../mcp/workflow.ts";

/** A repository, as `get_repository` is asked for it. */
export const listed = z.object({ owner: z.string(), repo: z.string() });

const args = z.object({
  inputs: z.object({ repositories: z.array(z.string()).default([]), query: z.string().optional() }),
  find: z.object({ output: z.object({ repositories: z.array(z.object({ fullName: z.string() })) }).optional() })
});

/**
 * Lists what a report reads: the repositories that were named and then those that were found, each once.
 * @throws InvalidInput if nothing was asked for, for a name that is not owner/name, and for more than one step can read.
 */
export function repositoriesToRead(given: JsonObject): Json {
  const { inputs, find } = args.parse(given);
  if (inputs.repositories.length === 0 && inputs.query === undefined)
    throw new InvalidInput("There is nothing to report on: give repositories, a query, or both.");
  const found = find.output?.repositories.map(({ fullName }) => fullName) ?? [];
  const byName = new Map<string, z.output<typeof listed>>();
  for (const fullName of [...inputs.repositories, ...found]) {
    const name = fullName.trim().toLowerCase(); // GitHub's names differ in more than their case
    if (!byName.has(name)) byName.set(name, toListed(fullName));
  }
  if (byName.size <= WORKFLOW_LIMITS.items) return [...byName.values()];
  throw new InvalidInput(
    `${byName.size} repositories were listed and found, and a report reads ${WORKFLOW_LIMITS.items} at most. List fewer, or lower the limit of the search.`
  );
}

function toListed(fullName: string): z.output<typeof listed> {
  const [owner, repo, ...rest] = fullName.trim().split("/");
  if (owner && repo && rest.length === 0) return { owner, repo };
  throw new InvalidInput(`${JSON.stringify(cut(fullName, 140))} names no repository: write owner/name, as in octocat/hello-world.`);
}
