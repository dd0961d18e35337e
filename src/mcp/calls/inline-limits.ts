import { rememberLast } from "../../lib/remember.ts";

const KIB = 1024;

/**
 * How much of an answer clients take, bytes, by the name that they give themselves. Claude Code shows 25,000 tokens of a result, of
 * which JSON has about three bytes each; Claude's connectors about 150,000 characters.
 */
const INLINE_BYTES: ReadonlyMap<string, number> = new Map([
  ["claude-code", 64 * KIB],
  ["claude-ai", 128 * KIB]
]);

/** How much of an answer fits a message to a client. @param client `name/version`. */
export const inlineBytesOf = (client: string, otherwise: number): number => INLINE_BYTES.get(nameOf(client)) ?? otherwise;

const nameOf = rememberLast((client: string) => client.replace(/\/[^/]*$/, "").toLowerCase());
