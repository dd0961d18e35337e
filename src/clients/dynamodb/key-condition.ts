import type { Json } from "../../lib/json.ts";
import { InvalidInput } from "../../mcp/errors.ts";

/** One comparison of a key condition: what stands at its left, and its operands, placeholders still. */
export interface Comparison {
  /** An attribute's name or its placeholder, as it was written. */
  readonly name: string;
  readonly operator: Operator;
  readonly operands: readonly string[];
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html */
export const OPERATORS = ["=", "<", "<=", ">", ">=", "BETWEEN", "begins_with"] as const;

export type Operator = (typeof OPERATORS)[number];

/** Reads a key condition into its comparisons. @throws InvalidInput saying what cannot be read. */
export function parseKeyCondition(text: string): readonly Comparison[] {
  const tokens = text.match(TOKEN) ?? [];
  const reader = { tokens, at: 0 };
  const comparisons = readConjunction(reader);
  if (reader.at < tokens.length) throw unexpected(tokens[reader.at]);
  return comparisons;
}

/** A string in quotes is one token, so that it can be named in a fault. */
const TOKEN = /"[^"]*"|'[^']*'|<=|>=|<>|[=<>(),]|[#:]?[\w.[\]-]+|\S/g;

interface Reader {
  readonly tokens: readonly string[];
  at: number;
}

function readConjunction(reader: Reader): readonly Comparison[] {
  const comparisons = [...readGroup(reader)];
  while (isWord(reader.tokens[reader.at], "AND")) {
    reader.at++;
    comparisons.push(...readGroup(reader));
  }
  return comparisons;
}

function readGroup(reader: Reader): readonly Comparison[] {
  if (reader.tokens[reader.at] !== "(") return [readComparison(reader)];
  reader.at++;
  const inner = readConjunction(reader);
  expectToken(reader, ")");
  return inner;
}

function readComparison(reader: Reader): Comparison {
  if (isWord(reader.tokens[reader.at], "begins_with") && reader.tokens[reader.at + 1] === "(") {
    reader.at += 2;
    const name = readName(reader);
    expectToken(reader, ",");
    const operands = [readOperand(reader)];
    expectToken(reader, ")");
    return { name, operator: "begins_with", operands };
  }
  const name = readName(reader);
  const word = reader.tokens[reader.at++];
  if (isWord(word, "BETWEEN")) {
    const lower = readOperand(reader);
    if (!isWord(reader.tokens[reader.at++], "AND")) throw new InvalidInput(`keyCondition wants BETWEEN :lower AND :upper for "${name}".`);
    return { name, operator: "BETWEEN", operands: [lower, readOperand(reader)] };
  }
  const operator = OPERATORS.find((known) => known === word);
  if (operator === undefined || operator === "begins_with")
    throw new InvalidInput(
      `keyCondition compares "${name}" by ${word === undefined ? "nothing" : JSON.stringify(word)}. A key is compared by ${OPERATORS.join(", ")}; use filter for anything else.`
    );
  return { name, operator, operands: [readOperand(reader)] };
}

function readName(reader: Reader): string {
  const token = reader.tokens[reader.at++];
  if (token === undefined || !/^#?[\w.[\]-]+$/.test(token) || isWord(token, "NOT")) throw unexpected(token);
  return token;
}

function readOperand(reader: Reader): string {
  const token = reader.tokens[reader.at++];
  if (token !== undefined && /^:\w+$/.test(token)) return token;
  throw new InvalidInput(
    `keyCondition has ${shown(token)} where a placeholder for a value belongs. Write one, as in :value, and give its value in values.`
  );
}

function expectToken(reader: Reader, expected: string): void {
  const token = reader.tokens[reader.at++];
  if (token !== expected) throw new InvalidInput(`keyCondition has ${shown(token)} where "${expected}" belongs.`);
}

const isWord = (token: string | undefined, word: string): boolean => token?.toUpperCase() === word.toUpperCase();

function unexpected(token: string | undefined): InvalidInput {
  if (isWord(token, "OR") || isWord(token, "NOT"))
    return new InvalidInput(
      `keyCondition takes no ${token?.toUpperCase()}: it is one comparison of the partition key, and AND one of the sort key if wanted. Query once for each value.`
    );
  return new InvalidInput(`keyCondition cannot be read at ${shown(token)}. Write it as in: customerId = :customer AND placedAt > :from`);
}

const shown = (token: Json | undefined): string => (token === undefined ? "its end" : JSON.stringify(token));
