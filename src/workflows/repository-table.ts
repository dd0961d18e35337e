import { z } from "zod";
import type { Json, JsonObject } from "../lib/json.ts";
import { cut, printable } from "../lib/text.ts";
import { listed } from "./repositories-to-read.ts";

const repository = z.object({
  fullName: z.string(),
  description: z.string().optional(),
  language: z.string().optional(),
  licence: z.string().optional(),
  stars: z.int(),
  forks: z.int(),
  openIssues: z.int(),
  isArchived: z.boolean(),
  updatedAt: z.string(),
  url: z.string()
});

type Repository = z.output<typeof repository>;

const args = z.object({ listed: z.array(listed), read: z.array(z.union([repository, z.object({ error: z.string() })])) });

/** Makes a Markdown table and a summary of repositories that were read; one that could not be read has a row that says why. */
export function repositoryTable(given: JsonObject): Json {
  const { listed, read } = args.parse(given);
  const rows = listed.map(({ owner, repo }, index) => {
    const answer = read[index];
    return answer && "fullName" in answer ? toRow(answer) : toFailedRow(`${owner}/${repo}`, answer?.error ?? "it was not read");
  });
  const repositories = read.filter((answer) => "fullName" in answer);
  return { summary: summarize(repositories, listed.length), table: [...HEAD, ...rows].join("\n") };
}

function summarize(repositories: readonly Repository[], asked: number): JsonObject {
  const [mostStars] = repositories.toSorted((a, b) => b.stars - a.stars);
  const [lastUpdated] = repositories.toSorted((a, b) => Date.parse(b.updatedAt) - Date.parse(a.updatedAt));
  return {
    repositories: asked,
    read: repositories.length,
    failed: asked - repositories.length,
    archived: repositories.filter(({ isArchived }) => isArchived).length,
    stars: sum(repositories.map(({ stars }) => stars)),
    forks: sum(repositories.map(({ forks }) => forks)),
    openIssues: sum(repositories.map(({ openIssues }) => openIssues)),
    languages: tally(repositories.map(({ language }) => language)),
    licences: tally(repositories.map(({ licence }) => licence)),
    mostStars: mostStars && { fullName: mostStars.fullName, stars: mostStars.stars },
    lastUpdated: lastUpdated && { fullName: lastUpdated.fullName, updatedAt: lastUpdated.updatedAt }
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** Counts each name, the most frequent first; null for those that have none. */
function tally(names: readonly (string | undefined)[]): Json {
  const counts = new Map<string | null, number>();
  for (const name of names) counts.set(name ?? null, (counts.get(name ?? null) ?? 0) + 1);
  const inOrder = [...counts].sort(([a, countA], [b, countB]) => countB - countA || compare(a ?? LAST, b ?? LAST));
  return inOrder.map(([name, repositories]) => ({ name, repositories }));
}

const LAST = "\uffff";
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const HEAD = [
  "| Repository | Stars | Forks | Open issues | Language | Licence | Updated | About |",
  "| --- | ---: | ---: | ---: | --- | --- | --- | --- |"
];

function toRow({ fullName, url, stars, forks, openIssues, language, licence, isArchived, updatedAt, description }: Repository): string {
  const about = [isArchived && "Archived.", description].filter(Boolean).join(" ");
  return toLine([
    `[${toCell(fullName)}](${url.replace(/[\s()<>|]/g, encodeURIComponent)})`,
    ...[stars, forks, openIssues].map(String),
    ...[language ?? "", licence ?? "", updatedAt.slice(0, 10), cut(about, ABOUT_LENGTH)].map(toCell)
  ]);
}

/** So that a hundred rows fit one message, in any script. */
const ABOUT_LENGTH = 80;

const toFailedRow = (fullName: string, error: string): string =>
  toLine([toCell(fullName), "", "", "", "", "", "", toCell(`Could not be read: ${error}`)]);

const toLine = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** What others wrote stays text in its cell: no markup, no other line, no other column. */
const toCell = (text: string): string =>
  cut(printable(text.replace(/\s+/g, " "), CELL_LENGTH + 1), CELL_LENGTH).replace(/[\\`*_~[\]<>|]/g, "\\$&");

/** Room for a repository's whole name, 140 characters at most. */
const CELL_LENGTH = 140;
