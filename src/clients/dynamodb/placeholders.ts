import type { JsonObject } from "../../lib/json.ts";
import { InvalidInput } from "../../mcp/errors.ts";

/** What the placeholders of expressions stand for. */
export interface Placeholders {
  readonly names: Readonly<Record<string, string>>;
  readonly values: JsonObject;
}

/** An attribute's name, for itself or its placeholder. @throws InvalidInput where names lacks it. */
export function resolveName(token: string, names: Placeholders["names"], where: string): string {
  if (!token.startsWith("#")) return token;
  const name = Object.hasOwn(names, token) ? names[token] : undefined;
  if (name === undefined) throw new InvalidInput(`names lacks ${token}, which ${where} uses.`);
  return name;
}

/** The placeholders that an expression holds. What stands in no expression of DynamoDB, as a quote, is left for it to refuse. */
export const placeholdersOf = (expression: string): readonly string[] => [...new Set(expression.match(/[#:]\w+/g) ?? [])];

/**
 * Checks that each placeholder that is used is given, and each that is given is used: DynamoDB refuses both faults, without saying where.
 * @throws InvalidInput naming the placeholder.
 */
export function checkPlaceholders(expressions: Readonly<Record<string, string | undefined>>, { names, values }: Placeholders): void {
  const used = new Set<string>();
  for (const [where, expression] of Object.entries(expressions))
    for (const placeholder of placeholdersOf(expression ?? "")) {
      used.add(placeholder);
      const [argument, given] = placeholder.startsWith("#") ? (["names", names] as const) : (["values", values] as const);
      if (!Object.hasOwn(given, placeholder)) throw new InvalidInput(`${argument} lacks ${placeholder}, which ${where} uses.`);
    }
  const unused = [...Object.keys(names), ...Object.keys(values)].find((placeholder) => !used.has(placeholder));
  if (unused !== undefined)
    throw new InvalidInput(`${unused} is given, and no expression uses it. Take it out, or correct the expression.`);
}
