import type { JsonObject } from "../../lib/json.ts";
import type { Catalog } from "../catalog.ts";
import { META } from "../protocol/meta-keys.ts";
import { STATELESS_REVISIONS } from "../protocol/revisions.ts";

/** How long a client may keep a result, milliseconds, and whether it may show it to another person. */
interface Cached {
  readonly ttlMs: number;
  readonly cacheScope: "public" | "private";
}

/** A resource is read anew each time, and for whoever reads it: https://modelcontextprotocol.io/specification/2026-07-28/server/utilities/caching */
const READ: Cached = { ttlMs: 0, cacheScope: "private" };

/** The results of the stateless era, which say of what kind they are and who made them. */
export interface Answers {
  /** Completes the result of a method that a home serves. */
  complete(method: string, result: object): JsonObject;
  /** The result that asks the client first. */
  inputRequired(inputRequests: JsonObject, requestState: string): JsonObject;
  /** Completes a page of a list, JSON text as the catalog wrote it. */
  completeList(page: string): string;
  /** The result of `server/discover`, as JSON text. */
  readonly discovered: string;
  /** The result that ends a subscription. */
  endOfSubscription(id: string | number): JsonObject;
}

/** @param listTtlMs how long a client may keep a list: it changes with a deploy only. */
export function createAnswers({ info, capabilities, instructions }: Catalog, listTtlMs: number): Answers {
  const _meta = { [META.server]: info };
  const list: Cached = { ttlMs: listTtlMs, cacheScope: "public" };
  const head = JSON.stringify({ resultType: "complete", ...list, _meta }).slice(0, -1);
  return {
    complete: (method, result) => ({
      resultType: "complete",
      ...result,
      ...(method === "resources/read" && READ),
      _meta: "_meta" in result ? { ...(result._meta as JsonObject), ..._meta } : _meta
    }),
    inputRequired: (inputRequests, requestState) => ({ resultType: "input_required", inputRequests, requestState, _meta }),
    completeList: (page) => `${head},${page.slice(1)}`,
    discovered: JSON.stringify({
      ...{ resultType: "complete", ...list, _meta },
      ...{ supportedVersions: STATELESS_REVISIONS, capabilities, instructions }
    }),
    endOfSubscription: (id) => ({ resultType: "complete", _meta: { ..._meta, [META.subscription]: id } })
  };
}
