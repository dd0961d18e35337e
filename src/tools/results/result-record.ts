import { z } from "zod";
import { RESULT_STATES, RESULT_TYPES, type ResultRecord } from "../../mcp/results.ts";

/** The argument that names a stored result. */
export const resultHandle = z.string().max(64).describe("Handle of the result, as in res_3kx9q2mf_1a_7qzd");

/** A stored result as tools and resources show it. */
export const resultRecord = z.object({
  result: z.string().describe("Handle: read_result takes it"),
  tool: z.string().describe("The tool that made it"),
  title: z.string(),
  type: z.enum(RESULT_TYPES),
  state: z.enum(RESULT_STATES).describe("growing: its tool still writes it; cut: its tool stopped before the end"),
  bytes: z.int(),
  lines: z.int(),
  createdAt: z.string().describe("ISO 8601"),
  expiresAt: z.string().describe("When it is deleted, ISO 8601")
});

export function toResultRecord(record: ResultRecord): z.input<typeof resultRecord> {
  const { result, tool, title, type, state, sizeBytes, lines, createdMs, expiresMs } = record;
  return {
    ...{ result, tool, title, type, state, bytes: sizeBytes, lines },
    createdAt: new Date(createdMs).toISOString(),
    expiresAt: new Date(expiresMs).toISOString()
  };
}

/** Says in one line what a result is. */
export const lineOfResult = (record: z.output<typeof resultRecord>): string => {
  const { result, tool, title, type, state, bytes, lines, createdAt, expiresAt } = record;
  return `${result} ${tool}: ${title}, ${type}, ${state}, ${lines} lines, ${bytes} bytes, from ${createdAt} until ${expiresAt}`;
};
