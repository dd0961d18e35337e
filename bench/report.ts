import { layOut, median, rounded } from "./figures.ts";
import type { Lane } from "./lanes/lane.ts";
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

/** Calls per second of a lane of `src/`, divided by those of another lane in the same round. */
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
  /** A lane of `src/` → another lane. */
  readonly ratios: Readonly<Record<string, Readonly<Record<string, Ratio>>>>;
}

/** The lowest ratio of a storage and two lanes, over all numbers of connections. */
export interface WorstRatio extends Ratio {
  readonly storage: Storage;
  readonly lane: string;
  readonly against: string;
}

/** What one lane did in one cell, round by round. */
export interface Measured {
  readonly lane: Pick<Lane, "name" | "isOurs">;
  readonly rounds: readonly Sample[];
}

/** Sums up one cell. */
export function toCell(where: Pick<Cell, "storage" | "fileSystem" | "connections">, measured: readonly Measured[]): Cell {
  const peers = measured.filter(({ lane }) => !lane.isOurs);
  const ratiosOf = ({ rounds }: Measured) => Object.fromEntries(peers.map((peer) => [peer.lane.name, toRatio(rounds, peer.rounds)]));
  const ours = measured.filter(({ lane }) => lane.isOurs);
  return {
    ...where,
    lanes: Object.fromEntries(measured.map(({ lane, rounds }) => [lane.name, toFigures(rounds)])),
    ratios: Object.fromEntries(ours.map((our) => [our.lane.name, ratiosOf(our)]))
  };
}

/** The lowest ratio for each storage, lane of `src/` and lane that it was compared with. */
export function findWorst(cells: readonly Cell[]): WorstRatio[] {
  const worst = new Map<string, WorstRatio>();
  for (const { storage, ratios } of cells) {
    for (const [lane, ratiosOfLane] of Object.entries(ratios)) {
      for (const [against, { median, worstRound }] of Object.entries(ratiosOfLane)) {
        const key = `${storage} ${lane} ${against}`;
        const known = worst.get(key);
        const lowest = {
          median: Math.min(median, known?.median ?? median),
          worstRound: Math.min(worstRound, known?.worstRound ?? worstRound)
        };
        worst.set(key, { storage, lane, against, ...lowest });
      }
    }
  }
  return [...worst.values()];
}

/** The cells as a table for people. */
export function toTable(cells: readonly Cell[]): string {
  const peers = [...new Set(cells.flatMap(({ ratios }) => Object.values(ratios).flatMap((ratiosOfLane) => Object.keys(ratiosOfLane))))];
  const header = ["storage", "connections", "lane", "calls/s", ...peers.map((name) => `of ${name}`), "workerd ms/call", "client ms/call"];
  const rows = cells.flatMap(({ storage, connections, lanes, ratios }) =>
    Object.entries(lanes).map(([name, figures]) => [
      storage,
      String(connections),
      name,
      figures.callsPerSecond.toFixed(0),
      ...peers.map((peer) => showRatio(ratios[name]?.[peer])),
      figures.serverCpuMsPerCall?.toFixed(3) ?? "?",
      figures.clientCpuMsPerCall.toFixed(3)
    ])
  );
  return layOut([header, ...rows]);
}

/** The median, and the worst round in parentheses. */
const showRatio = (ratio: Ratio | undefined): string => (ratio ? `${ratio.median.toFixed(2)} (${ratio.worstRound.toFixed(2)})` : "");

/** The worst ratios, a line each. */
export function toSummary(worst: readonly WorstRatio[]): string {
  return worst
    .map(({ storage, lane, against, median, worstRound }) => {
      return `${lane} / ${against} on ${storage}: ${median.toFixed(2)} at its worst number of connections; worst single round ${worstRound.toFixed(2)}`;
    })
    .join("\n");
}

function toRatio(ours: readonly Sample[], theirs: readonly Sample[]): Ratio {
  const byRound = ours.map((sample, round) => rateOf(sample) / rateOf(theirs[round] ?? sample));
  return { median: rounded(median(byRound), 3), worstRound: rounded(Math.min(...byRound), 3) };
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
