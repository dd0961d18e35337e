import type { Sample } from "./measure.ts";
import type { Storage } from "./options.ts";

/** What one lane did over all rounds of one cell. */
export interface LaneFigures {
  /** The median of the rounds. */
  readonly callsPerSecond: number;
  readonly callsPerSecondByRound: readonly number[];
  /** Processor time of workerd per call, milliseconds, over all rounds. */
  readonly serverCpuMsPerCall: number | undefined;
  /** Processor time of the bench's own client per call, milliseconds: it shares the cores with the server. */
  readonly clientCpuMsPerCall: number;
}

/** Calls per second of the first lane, divided by those of another lane in the same round. */
export interface Ratio {
  readonly median: number;
  readonly worstRound: number;
}

/** One storage and one number of connections. */
export interface Cell {
  readonly storage: Storage;
  readonly fileSystem: string;
  readonly connections: number;
  readonly lanes: Readonly<Record<string, LaneFigures>>;
  readonly ratios: Readonly<Record<string, Ratio>>;
}

/** The lowest ratio of a storage, over all numbers of connections. */
export interface WorstRatio extends Ratio {
  readonly storage: Storage;
  readonly lane: string;
  readonly against: string;
}

/** Sums up the samples of one cell, a list of rounds for each name. */
export function toCell(where: Pick<Cell, "storage" | "fileSystem" | "connections">, names: readonly string[], samples: Sample[][]): Cell {
  const [first = [], ...others] = samples;
  const ratios = others.map((other, index): [string, Ratio] => {
    const byRound = first.map((sample, round) => rateOf(sample) / rateOf(other[round] ?? sample));
    return [names[index + 1] ?? "", { median: rounded(median(byRound), 3), worstRound: rounded(Math.min(...byRound), 3) }];
  });
  const lanes = samples.map((rounds, index): [string, LaneFigures] => [names[index] ?? "", toFigures(rounds)]);
  return { ...where, lanes: Object.fromEntries(lanes), ratios: Object.fromEntries(ratios) };
}

/** The lowest ratio for each storage and lane that the first was compared with. */
export function findWorst(cells: readonly Cell[], lane: string): WorstRatio[] {
  const worst = new Map<string, WorstRatio>();
  for (const { storage, ratios } of cells) {
    for (const [against, { median, worstRound }] of Object.entries(ratios)) {
      const key = `${storage} ${against}`;
      const known = worst.get(key);
      worst.set(key, {
        storage,
        lane,
        against,
        median: Math.min(median, known?.median ?? median),
        worstRound: Math.min(worstRound, known?.worstRound ?? worstRound)
      });
    }
  }
  return [...worst.values()];
}

/** The cells as a table for people. */
export function toTable(cells: readonly Cell[]): string {
  const header = ["storage", "connections", "lane", "calls/s", "of it (worst round)", "workerd ms/call", "client ms/call"];
  const rows = cells.flatMap(({ storage, connections, lanes, ratios }) =>
    Object.entries(lanes).map(([name, figures]) => {
      const ratio = ratios[name];
      return [
        storage,
        String(connections),
        name,
        figures.callsPerSecond.toFixed(0),
        ratio ? `${ratio.median.toFixed(2)} (${ratio.worstRound.toFixed(2)})` : "",
        figures.serverCpuMsPerCall?.toFixed(3) ?? "?",
        figures.clientCpuMsPerCall.toFixed(3)
      ];
    })
  );
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const toLine = (row: readonly string[]) =>
    row
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [header, widths.map((width) => "-".repeat(width)), ...rows].map(toLine).join("\n");
}

/** The worst ratios, a line each. */
export function toSummary(worst: readonly WorstRatio[]): string {
  return worst
    .map(({ storage, lane, against, median, worstRound }) => {
      return `${lane} / ${against} on ${storage}: ${median.toFixed(2)} at its worst number of connections; worst single round ${worstRound.toFixed(2)}`;
    })
    .join("\n");
}

function toFigures(rounds: readonly Sample[]): LaneFigures {
  const byRound = rounds.map(rateOf);
  const calls = sum(rounds.map((sample) => sample.calls));
  const serverCpuMs = rounds.map((sample) => sample.serverCpuMs).filter((cpuMs) => cpuMs !== undefined);
  return {
    callsPerSecond: rounded(median(byRound), 0),
    callsPerSecondByRound: byRound.map((rate) => rounded(rate, 0)),
    serverCpuMsPerCall: serverCpuMs.length > 0 ? rounded(sum(serverCpuMs) / calls, 3) : undefined,
    clientCpuMsPerCall: rounded(sum(rounds.map((sample) => sample.clientCpuMs)) / calls, 3)
  };
}

const rateOf = ({ calls, elapsedMs }: Sample): number => (calls * 1000) / elapsedMs;

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = 0, high = 0] = [sorted[middle - 1], sorted[middle]];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));
