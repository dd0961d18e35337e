import type { Call, CallEnd, CallStart } from "../mcp/history.ts";

/** The columns that a call has wherever it stands, in the order of {@link toBindings}. */
export const CALL_COLUMNS = "seq, tool, outcome, started_ms, duration_ms, era, client, trace, arguments, preview, error, result" as const;

/** A placeholder for each of {@link CALL_COLUMNS}. */
export const CALL_PLACEHOLDERS = "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?";

/** What is written of how a call ended; a call that is open has no duration. */
export type CallState = Omit<CallEnd, "durationMs"> & { readonly durationMs: number | undefined };

export function toBindings(seq: number, start: CallStart, end: CallState): SqlStorageValue[] {
  return [
    seq,
    start.tool,
    end.outcome,
    start.startedMs,
    end.durationMs ?? null,
    start.era,
    start.client,
    start.trace ?? null,
    start.arguments ?? null,
    end.preview ?? null,
    end.error ?? null,
    end.result ?? null
  ];
}

export function toCall(row: Record<string, SqlStorageValue>): Call {
  return {
    seq: Number(row.seq),
    tool: String(row.tool),
    outcome: row.outcome as Call["outcome"], // written by the stores only
    startedMs: Number(row.started_ms),
    durationMs: row.duration_ms === null ? undefined : Number(row.duration_ms),
    era: row.era as Call["era"], // likewise
    client: String(row.client),
    trace: toText(row.trace),
    arguments: toText(row.arguments),
    preview: toText(row.preview),
    error: toText(row.error),
    result: toText(row.result)
  };
}

/** Holds for the calls that are not settled; those that wait for a person are not open. */
export const IS_OPEN = "outcome IN ('pending', 'running')";

const toText = (value: SqlStorageValue | undefined): string | undefined => (typeof value === "string" ? value : undefined);
