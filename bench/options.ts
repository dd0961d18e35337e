import { parseArgs } from "node:util";
import { bare } from "./lanes/bare.ts";
import { dormouse } from "./lanes/dormouse.ts";
import { type Lane, MAX_CONNECTIONS } from "./lanes/lane.ts";
import { socket } from "./lanes/socket.ts";
import { stateless } from "./lanes/stateless.ts";
import { statelessSdk } from "./lanes/stateless-sdk.ts";
import { stock } from "./lanes/stock.ts";

/** Every lane, in the order of the tables. Those of `src/` are compared with the others. */
const LANES: readonly Lane[] = [dormouse, socket, stateless, bare, statelessSdk, stock];

const STORAGES = ["disk", "tmpfs"] as const;

/** Where objects are stored: with real commits, or in memory, which shows the processor time. */
export type Storage = (typeof STORAGES)[number];

/** What a run measures. */
export interface BenchOptions {
  readonly lanes: readonly Lane[];
  readonly connections: readonly number[];
  readonly storages: readonly Storage[];
  readonly rounds: number;
  /** How long each lane runs in each round, seconds. */
  readonly seconds: number;
}

export const HELP = `npm run bench -- [options]

Measures lanes side by side, each a built Worker in a workerd of its own, and writes bench/results.json.

  --quick              5 rounds of 0.9 seconds: about four minutes in all
  --rounds <n>         rounds per storage and number of connections (default 9)
  --seconds <n>        how long a lane runs in each round (default 3)
  --lanes <a,b>        ${LANES.map(({ name }) => name).join(", ")} (default all)
  --connections <a,b>  connections, an object each (default 1,8,32)
  --storage <a,b>      ${STORAGES.join(", ")} (default both)
  --help
`;

/** A command line that asks for something that is not there. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * Reads the command line; `undefined` if it asks for help.
 * @throws UsageError
 */
export function parseOptions(args: readonly string[]): BenchOptions | undefined {
  const { values } = parse(args);
  if (values.help) return undefined;
  return {
    lanes: readList("lanes", values.lanes).map((name) => oneOf("lane", LANES, (lane) => lane.name, name)),
    connections: readList("connections", values.connections).map((text) => readNumber("connections", text, 1, MAX_CONNECTIONS, true)),
    storages: readList("storage", values.storage).map((name) => oneOf("storage", STORAGES, String, name)),
    rounds: readNumber("rounds", values.rounds ?? (values.quick ? "5" : "9"), 1, 1000, true),
    seconds: readNumber("seconds", values.seconds ?? (values.quick ? "0.9" : "3"), 0.1, 60, false)
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: "boolean" },
        help: { type: "boolean", short: "h" },
        rounds: { type: "string" },
        seconds: { type: "string" },
        lanes: { type: "string", default: LANES.map(({ name }) => name).join(",") },
        connections: { type: "string", default: "1,8,32" },
        storage: { type: "string", default: STORAGES.join(",") }
      }
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function readList(option: string, text: string): string[] {
  const items = text.split(",").map((item) => item.trim());
  if (items.includes("") || new Set(items).size < items.length) throw new UsageError(`--${option} ${text}: each item once, with commas.`);
  return items;
}

function readNumber(option: string, text: string, min: number, max: number, isWhole: boolean): number {
  const value = Number(text);
  if (value >= min && value <= max && (!isWhole || Number.isInteger(value))) return value;
  throw new UsageError(`--${option} ${text}: a ${isWhole ? "whole " : ""}number from ${min} to ${max}.`);
}

function oneOf<T>(what: string, all: readonly T[], nameOf: (one: T) => string, name: string): T {
  const found = all.find((one) => nameOf(one) === name);
  if (found === undefined) throw new UsageError(`There is no ${what} "${name}". There are: ${all.map(nameOf).join(", ")}.`);
  return found;
}
