import type { JsonObject } from "../../lib/json.ts";
import { InvalidInput } from "../../mcp/errors.ts";
import type { AttributeValue } from "./attribute-values.ts";
import type { KeyComparison } from "./check-key.ts";
import { type Placeholders, resolveName } from "./placeholders.ts";

/**
 * Stand-ins for names and values in the expressions of one request: what stands for a name can be none of the 573 reserved words.
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ExpressionAttributeNames.html
 */
export class Aliases {
  readonly names: Record<string, string>;
  readonly values: JsonObject;

  constructor({ names, values }: Placeholders) {
    this.names = { ...names };
    this.values = { ...values };
  }

  ofName(name: string): string {
    const known = Object.entries(this.names).find(([, held]) => held === name);
    return known ? known[0] : add(this.names, "#a", name);
  }

  ofValue(value: AttributeValue): string {
    return add(this.values, ":a", value);
  }
}

function add<T>(held: Record<string, T>, prefix: string, value: T): string {
  let count = Object.keys(held).length;
  while (`${prefix}${count}` in held) count++;
  held[`${prefix}${count}`] = value;
  return `${prefix}${count}`;
}

/** Writes a checked key condition. */
export function writeKeyCondition(comparisons: readonly KeyComparison[], aliases: Aliases): string {
  return comparisons
    .map(({ key, operator, operands }) => {
      const name = aliases.ofName(key.name);
      const [first, second] = operands.map((operand) => aliases.ofValue(operand));
      if (operator === "begins_with") return `begins_with(${name}, ${first})`;
      return operator === "BETWEEN" ? `${name} BETWEEN ${first} AND ${second}` : `${name} ${operator} ${first}`;
    })
    .join(" AND ");
}

/** Writes a filter as it was written, with a stand-in for each name. What cannot be read is left for DynamoDB to refuse. */
export const writeFilter = (filter: string, aliases: Aliases): string =>
  filter.replace(WORD, (word) => (KEYWORDS.has(word.toUpperCase()) ? word : aliases.ofName(word)));

/** A word that is no placeholder, no number and no function. */
const WORD = /(?<![#:\w])[A-Za-z_]\w*(?!\w|\s*\()/g;

const KEYWORDS: ReadonlySet<string> = new Set(["AND", "OR", "NOT", "IN", "BETWEEN"]);

/**
 * Writes a projection of the keys and of what was asked for.
 * @param names the placeholders of the caller, which paths may use.
 * @throws InvalidInput for what is no path.
 */
export function writeProjection(paths: readonly string[], keys: readonly string[], names: Placeholders["names"], aliases: Aliases): string {
  const written = paths.map((path) => {
    if (!PATH.test(path))
      throw new InvalidInput(`projection has ${JSON.stringify(path)}, which is no path. Write it as in: total, address.city, lines[0]`);
    return path.replace(SEGMENT, (segment) => aliases.ofName(resolveName(segment, names, "projection")));
  });
  return [...new Set([...keys.map((key) => aliases.ofName(key)), ...written])].join(", ");
}

const PATH = /^[^.[\]]+(?:\[\d+\])*(?:\.[^.[\]]+(?:\[\d+\])*)*$/;

/** A name within a path, and no index. */
const SEGMENT = /(?<![[\d])[^.[\]]+/g;
