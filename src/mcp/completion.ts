import type { Context } from "./context.ts";

/** Suggests values for an argument, given the others that are known. At most 100 of them are sent. */
export type Complete = (
  argument: string,
  value: string,
  known: Readonly<Record<string, string>>,
  ctx: Context
) => Promise<readonly string[]>;
