import { readFile, writeFile } from "node:fs/promises";
import { catalog } from "../src/catalog/catalog.ts";
import type { Tool } from "../src/mcp/define-tool.ts";
import { Failure, parseCommandLine, runScript } from "./command-line.ts";

const README = new URL("../README.md", import.meta.url);
const BEGIN = "<!-- tools: written by npm run fix -->";
const END = "<!-- /tools -->";

/** Writes the table of tools into the README; with `--check`, fails if it is not what the catalog says. */
await runScript(async (args) => {
  const { check } = parseCommandLine(args, { check: { type: "boolean" } }).values;
  const text = await readFile(README, "utf8");
  const fresh = withTable(text);
  if (fresh === text) return 0;
  if (check) throw new Failure("The README's table of tools is not what the catalog says. Run: npm run fix");
  await writeFile(README, fresh);
  return 0;
});

function withTable(text: string): string {
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) throw new Failure(`The README has lost its markers ${BEGIN} and ${END}.`);
  return `${text.slice(0, begin + BEGIN.length)}\n${tableOf(catalog.tools)}\n${text.slice(end)}`;
}

function tableOf(tools: readonly Tool[]): string {
  const rows = tools.map(({ name, description, toolset, scopes, annotations }) => {
    const kind = annotations.readOnlyHint ? "reads" : annotations.destructiveHint ? "destructive" : "writes";
    return `| \`${name}\` | ${toolset} | ${kind} | ${scopes.map((scope) => `\`${scope}\``).join(" ")} | ${description} |`;
  });
  return ["| tool | toolset | kind | scopes | what it does |", "| --- | --- | --- | --- | --- |", ...rows].join("\n");
}
