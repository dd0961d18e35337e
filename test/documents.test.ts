import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

// What documents point to is there.

const ROOT = join(import.meta.dirname, "..");
const DOCUMENTS = [
  "README.md",
  "SECURITY.md",
  "CHANGELOG.md",
  ...readdirSync(join(ROOT, "docs"), { recursive: true }).map((name) => join("docs", String(name)))
];

it.each(DOCUMENTS.filter((name) => name.endsWith(".md")))("%s names tests and links to pages that there are", (name) => {
  const text = readFileSync(join(ROOT, name), "utf8");
  const tests = [...text.matchAll(/`(test\/[\w/.-]+)`/g)].map(([, path = ""]) => path);
  const links = [...text.matchAll(/\]\(((?!https?:|#)[^)\s]+)\)/g)].map(([, path = ""]) => join(name, "..", path.split("#")[0] ?? ""));
  const isThere = (path: string) => [path, `${path}.ts`, `${path}.test.ts`].some((candidate) => existsSync(join(ROOT, candidate)));
  expect([...tests, ...links].filter((path) => !isThere(path))).toEqual([]);
});

it("SECURITY.md names a check of npm run verify that there is", () => {
  const named = [...readFileSync(join(ROOT, "SECURITY.md"), "utf8").matchAll(/npm run verify -- ([a-z -]+)/g)].flatMap(([, checks = ""]) =>
    checks.split(" ")
  );
  expect(named.length).toBeGreaterThan(3);
  expect(named.filter((check) => !existsSync(join(ROOT, "test/verify", `${check}.ts`)))).toEqual([]);
});
