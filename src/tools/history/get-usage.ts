import { z } from "zod";
import { defineTool, readOnlyHere } from "../../mcp/define-tool.ts";
import type { Usage } from "../../mcp/history.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

export const getUsage = defineTool({
  name: "get_usage",
  title: "Get usage",
  description:
    "Tells how much of the server you have used: calls, stored rows and bytes, and an estimate of what they cost whoever runs it. Use summarize_activity for what was done.",
  toolset: "history",
  scopes: ["mcp:use"],
  annotations: readOnlyHere,
  input: z.strictObject({ days: z.int().min(1).max(365).default(30).describe("Count the calls of so many days") }),
  output: z.object({
    days: z.int(),
    calls: z.int().describe("Calls of these days"),
    callsKept: z.int().describe("All calls that the history keeps"),
    sessions: z.int().describe("Sessions that are remembered"),
    rowsStored: z.int(),
    bytesStored: z.int(),
    estimatedDollars: z.number().describe("An estimate by public prices, beyond what the plan includes; not a bill")
  }),
  async run({ days }, ctx) {
    const usage = await ctx.history.usage(Date.now() - days * DAY_MS);
    const { calls, callsKept, sessions, rows, sizeBytes } = usage;
    return { days, calls, callsKept, sessions, rowsStored: rows, bytesStored: sizeBytes, estimatedDollars: estimateDollars(usage) };
  },
  render: ({ days, calls, callsKept, sessions, rowsStored, bytesStored, estimatedDollars }) =>
    `${calls} calls in ${days} days; ${callsKept} calls of ${sessions} sessions kept in ${rowsStored} rows, ${bytesStored} bytes; about $${estimatedDollars} (an estimate).`
});

/** Dollars for a million, beyond the quota: https://developers.cloudflare.com/durable-objects/platform/pricing/ */
const PER_MILLION = { request: 0.3, cpuMs: 0.02, objectRequest: 0.15, rowWritten: 1, objectSecond: 1.6 } as const;

const CPU_MS = 1;

/**
 * What the reads of a limited principal take, as `npm run bench:cost` counts them. A burst of either era leases its permits; one
 * of a session is shipped as well, by an alarm. Writes take two rows more each, and are few.
 */
const SESSION_CALL: Cost = { objectRequests: 1, rowsWritten: 2 };
const SESSION_BURST: Cost = { objectRequests: 3, rowsWritten: 5 };
const STATELESS_CALL: Cost = { objectRequests: 1, rowsWritten: 1 };
const STATELESS_BURST: Cost = { objectRequests: 0, rowsWritten: 1 };

interface Cost {
  readonly objectRequests: number;
  readonly rowsWritten: number;
}

function estimateDollars({ calls, sessionCalls, bursts, sessionBursts, durationMs }: Usage): number {
  const costOf = (count: number, { objectRequests, rowsWritten }: Cost) =>
    count * (PER_MILLION.objectRequest * objectRequests + PER_MILLION.rowWritten * rowsWritten);
  const millionths =
    calls * (PER_MILLION.request + PER_MILLION.cpuMs * CPU_MS) +
    costOf(sessionCalls, SESSION_CALL) +
    costOf(sessionBursts, SESSION_BURST) +
    costOf(calls - sessionCalls, STATELESS_CALL) +
    costOf(bursts - sessionBursts, STATELESS_BURST) +
    (PER_MILLION.objectSecond * durationMs) / 1000;
  return Number((millionths / 1e6).toPrecision(3));
}
