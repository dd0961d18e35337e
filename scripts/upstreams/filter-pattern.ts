/** A pattern that cannot be read; the message is the service's. */
export class BadPattern extends Error {}

/** Tells whether a log message matches. */
export type Matcher = (message: string) => boolean;

/**
 * Reads a filter pattern of CloudWatch Logs. Of the syntax it knows terms (all must stand in the message, cases differ), `"quoted"` ones,
 * `?optional` ones (one of them must), `-excluded` ones, and JSON: `{ $.level = "error" && $.took > 100 }` with =, !=, <, <=, >, >=, `*` in
 * texts, IS NULL, NOT EXISTS, IS TRUE, IS FALSE, && and || without parentheses. It has neither regular expressions nor columns.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
export function readFilterPattern(pattern: string): Matcher {
  const text = pattern.trim();
  if (text.startsWith("{")) return readJsonPattern(text);
  if (text.startsWith("[") || text.startsWith("%")) throw new BadPattern("Invalid filter pattern: this stub knows terms and JSON only");
  return readTerms(text);
}

const TERM = /\s*([?-]?)(?:"((?:[^"\\]|\\.)*)"|(\S+))/y;

function readTerms(text: string): Matcher {
  const terms: { readonly sign: string; readonly term: string }[] = [];
  for (TERM.lastIndex = 0; TERM.lastIndex < text.length; ) {
    const [, sign = "", quoted, word] = TERM.exec(text) ?? [];
    // Other characters want quotation marks.
    if (word !== undefined && !/^\w+$/.test(word)) throw new BadPattern(`Invalid filter pattern: Invalid character(s) in term '${word}'`);
    terms.push({ sign, term: word ?? (quoted ?? "").replace(/\\(.)/g, "$1") });
  }
  const required = terms.filter(({ sign }) => sign === "");
  // The documentation: beside terms that must stand there, optional ones say nothing.
  const optional = required.length > 0 ? [] : terms.filter(({ sign }) => sign === "?");
  const excluded = terms.filter(({ sign }) => sign === "-");
  return (message) =>
    required.every(({ term }) => message.includes(term)) &&
    (optional.length === 0 || optional.some(({ term }) => message.includes(term))) &&
    !excluded.some(({ term }) => message.includes(term));
}

function readJsonPattern(text: string): Matcher {
  if (!text.endsWith("}")) throw new BadPattern("If a filter pattern starts with '{' it must end with '}'");
  const alternatives = text
    .slice(1, -1)
    .split("||")
    .map((alternative) => alternative.split("&&").map(readCondition));
  return (message) => {
    const row = parse(message);
    return row !== undefined && alternatives.some((conditions) => conditions.every((holds) => holds(row)));
  };
}

function parse(message: string): unknown {
  try {
    return message.startsWith("{") ? JSON.parse(message) : undefined;
  } catch {
    return undefined;
  }
}

const CONDITION =
  /^\s*\$\.([\w.]+)\s*(?:(=|!=|<=|>=|<|>)\s*(?:"([^"]*)"|(-?\d+(?:\.\d+)?)|([\w*]+))|(IS NULL|NOT EXISTS|IS TRUE|IS FALSE))\s*$/;

function readCondition(text: string): (row: unknown) => boolean {
  const [, path = "", operator, quoted, number, word, state] = CONDITION.exec(text) ?? [];
  if (path === "") throw new BadPattern(`Invalid filter pattern: Invalid character(s) in term '${text.trim()}'`);
  const read = (row: unknown) => path.split(".").reduce(memberOf, row);
  if (state !== undefined) return (row) => STATES[state]?.(read(row)) ?? false;
  const expected = number === undefined ? (quoted ?? word ?? "") : Number(number);
  const compare = COMPARISONS[operator ?? "="];
  return (row) => compare?.(read(row), expected) ?? false;
}

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;

const STATES: Readonly<Record<string, (value: unknown) => boolean>> = {
  "IS NULL": (value) => value === null,
  "NOT EXISTS": (value) => value === undefined,
  "IS TRUE": (value) => value === true,
  "IS FALSE": (value) => value === false
};

type Comparison = (value: unknown, expected: string | number) => boolean;

const ofNumbers =
  (compare: (value: number, expected: number) => boolean): Comparison =>
  (value, expected) =>
    typeof value === "number" && typeof expected === "number" && compare(value, expected);

const isEqual: Comparison = (value, expected) => {
  if (typeof expected === "number" || !expected.includes("*")) return value === expected;
  const parts = expected.split("*").map((part) => part.replace(/[^\w\s]/g, "\\$&"));
  return typeof value === "string" && new RegExp(`^${parts.join(".*")}$`, "s").test(value);
};

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  "=": isEqual,
  "!=": (value, expected) => value !== undefined && !isEqual(value, expected),
  "<": ofNumbers((value, expected) => value < expected),
  "<=": ofNumbers((value, expected) => value <= expected),
  ">": ofNumbers((value, expected) => value > expected),
  ">=": ofNumbers((value, expected) => value >= expected)
};
