import type { Answer } from "./github-answer.ts";

/** What of a repository the search reads; the emulator's answer has more. */
export interface Repository {
  readonly id: number;
  readonly full_name: string;
  readonly fork: boolean;
  readonly created_at: string;
  readonly stargazers_count: number;
  readonly watchers_count: number;
  readonly watchers: number;
  readonly license: { readonly key: string } | null;
}

/** Tells a repository from the other objects of GitHub's API. */
export function isRepository(value: unknown): value is Repository {
  return typeof value === "object" && value !== null && "full_name" in value && "stargazers_count" in value;
}

/**
 * Answers `GET /search/repositories` where the emulator differs from GitHub: every word must match and not the phrase, forks stay out
 * unless asked for, and `stars:`, `license:` and `sort=stars` work.
 */
export async function answerSearch(url: URL, ask: (path: string) => Promise<Answer>): Promise<Answer> {
  const { words, passed, ours } = partsOf(url.searchParams.get("q") ?? "");
  const answers: Answer[] = [];
  for (const word of words.length > 0 ? words : [""]) {
    const query = new URLSearchParams(url.searchParams);
    // The emulator refuses an empty q; a qualifier with a value it does not know filters nothing.
    query.set("q", [...passed, word, "fork:any"].filter((part) => part !== "").join(" "));
    query.set("per_page", "100");
    query.set("page", "1");
    answers.push(await ask(`${url.pathname}?${query}`));
  }
  const [first, ...others] = answers;
  const failed = answers.find(({ status }) => status !== 200);
  if (first === undefined || failed !== undefined) return failed ?? { status: 502, headers: {}, body: Buffer.alloc(0) };
  const alsoIn = others.map((answer) => new Set(itemsOf(answer).map(({ id }) => id)));
  const items = itemsOf(first).filter((item) => alsoIn.every((ids) => ids.has(item.id)) && ours.every((isWanted) => isWanted(item)));
  if (url.searchParams.get("sort") === "stars") sortByStars(items, url.searchParams.get("order"));
  return pageOf(items, url, first);
}

type Test = (repository: Repository) => boolean;

function partsOf(q: string): { words: string[]; passed: string[]; ours: Test[] } {
  const words: string[] = [];
  const passed: string[] = [];
  let forks: Test = ({ fork }) => !fork;
  const ours: Test[] = [(repository) => forks(repository)];
  for (const part of q.match(/(?:[\w-]+:)?"[^"]*"|\S+/g) ?? []) {
    const [, name, value = ""] = /^([\w-]+):(.+)$/.exec(part) ?? [];
    if (name === "stars") ours.push(starsTest(value));
    else if (name === "license") ours.push(({ license }) => license?.key === value.toLowerCase());
    else if (name === "fork") forks = value === "only" ? ({ fork }) => fork : value === "true" ? () => true : forks;
    else if (name !== undefined) passed.push(part);
    else words.push(part);
  }
  return { words, passed, ours };
}

/** `N`, `>N`, `>=N`, `<N`, `<=N`, `N..M`, `N..*` and `*..M`; anything else filters nothing. */
function starsTest(value: string): Test {
  const [, sign, bound] = /^(>=|<=|>|<|)(\d+)$/.exec(value) ?? [];
  const limit = Number(bound);
  if (sign === ">") return ({ stargazers_count }) => stargazers_count > limit;
  if (sign === ">=") return ({ stargazers_count }) => stargazers_count >= limit;
  if (sign === "<") return ({ stargazers_count }) => stargazers_count < limit;
  if (sign === "<=") return ({ stargazers_count }) => stargazers_count <= limit;
  if (sign === "") return ({ stargazers_count }) => stargazers_count === limit;
  const [, low = "*", high = "*"] = /^(\d+|\*)\.\.(\d+|\*)$/.exec(value) ?? [];
  const [least, most] = [low === "*" ? 0 : Number(low), high === "*" ? Number.POSITIVE_INFINITY : Number(high)];
  return ({ stargazers_count }) => stargazers_count >= least && stargazers_count <= most;
}

// The answer's status was 200, so it is a search result: https://docs.github.com/rest/search/search
const itemsOf = ({ body }: Answer): Repository[] => (JSON.parse(body.toString()) as { items: Repository[] }).items;

function sortByStars(items: Repository[], order: string | null): void {
  const sign = order === "asc" ? 1 : -1;
  items.sort((first, second) => sign * (first.stargazers_count - second.stargazers_count));
}

function pageOf(items: readonly Repository[], url: URL, { headers: { link: _link, ...headers } }: Answer): Answer {
  const size = Math.min(100, Math.max(1, Number(url.searchParams.get("per_page") ?? 30) || 30));
  const page = Math.max(1, Number(url.searchParams.get("page") ?? 1) || 1);
  const last = Math.max(1, Math.ceil(items.length / size));
  const linkTo = (target: number, relation: string) => {
    const address = new URL(url);
    address.searchParams.set("page", String(target));
    return `<${address}>; rel="${relation}"`;
  };
  const after = page < last ? [linkTo(page + 1, "next"), linkTo(last, "last")] : [];
  const before = page > 1 ? [linkTo(1, "first"), linkTo(page - 1, "prev")] : [];
  const link = [...after, ...before].join(", ");
  const body = { total_count: items.length, incomplete_results: false, items: items.slice((page - 1) * size, page * size) };
  return { status: 200, headers: { ...headers, ...(link !== "" && { link }) }, body: Buffer.from(JSON.stringify(body)) };
}
