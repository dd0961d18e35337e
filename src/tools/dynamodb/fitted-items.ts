import { z } from "zod";
import type { JsonObject } from "../../lib/json.ts";
import { utf8Bytes } from "../../lib/text.ts";
import { QuotaReached } from "../../mcp/errors.ts";
import type { FittedRows, ResultStart, Results } from "../../mcp/results.ts";
import { writtenByOthers } from "../../mcp/written-by-others.ts";
import { VALUES } from "./arguments.ts";

/** How much of the items is shown where there is no room to store them: with what else an answer says it fits a message. */
const SHOWN_BYTES = 48 * 1024;

/** The fields of an answer that hold items. */
export const itemFields = {
  shown: writtenByOthers(
    z.array(z.record(z.string(), z.unknown())).describe(`All items, or the first of them where there is a result. Values are ${VALUES}`)
  ),
  total: z.int().describe("How many items these are, with those that only the result holds"),
  result: z
    .string()
    .optional()
    .describe("Handle of the stored result with all of these items, one a line, where they do not fit a message: read_result reads it")
};

/** Items that fit a message, or a stored result; without room for that, those that fit, and why there are no more. */
export async function fitItems(
  items: readonly JsonObject[],
  results: Results,
  about: Omit<ResultStart, "type">
): Promise<FittedRows<JsonObject> & { readonly notKept?: string }> {
  try {
    return await results.fit(items, about);
  } catch (error) {
    if (!(error instanceof QuotaReached)) throw error;
    const shown = fittingOf(items);
    if (shown.length > 0) return { shown, total: shown.length, notKept: error.message };
    throw new QuotaReached(
      `An item is larger than a message. Name the attributes that you want in projection. ${error.message}`,
      error.limit
    );
  }
}

function fittingOf(items: readonly JsonObject[]): JsonObject[] {
  let sizeBytes = 0;
  const end = items.findIndex((item) => {
    sizeBytes += utf8Bytes(JSON.stringify(item));
    return sizeBytes > SHOWN_BYTES;
  });
  return items.slice(0, end === -1 ? items.length : end);
}
