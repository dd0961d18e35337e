/** Names that are allowed. */
export interface NameList {
  readonly isEmpty: boolean;
  /** As they were given. */
  readonly entries: readonly string[];
  includes(name: string): boolean;
}

/** Makes a list of names: an entry that ends in `*` stands for all names that begin like it. */
export function createNameList(entries: readonly string[]): NameList {
  const names = new Set(entries.filter((entry) => !entry.endsWith("*")));
  const prefixes = entries.filter((entry) => entry.endsWith("*")).map((entry) => entry.slice(0, -1));
  return {
    isEmpty: entries.length === 0,
    entries,
    includes: (name) => names.has(name) || prefixes.some((prefix) => name.startsWith(prefix))
  };
}
