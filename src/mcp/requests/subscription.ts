import { isJsonObject, type JsonObject } from "../../lib/json.ts";
import { type Change, toNotification } from "../context.ts";
import type { Notification, RequestId } from "../protocol/json-rpc.ts";
import { META } from "../protocol/meta-keys.ts";

/** Which changes a listener is told of: https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/subscriptions */
export interface Filter {
  readonly toolsListChanged?: true;
  readonly promptsListChanged?: true;
  readonly resourcesListChanged?: true;
  readonly resourceSubscriptions?: string[];
}

/** A `subscriptions/listen` that is open. */
export interface Subscription {
  /** The id of the request, which stands in each notification. */
  readonly id: RequestId;
  readonly filter: Filter;
}

/**
 * Reads what a client wants to be told of, without what nobody can tell it; `undefined` for params that are not valid.
 * @param isKnown whether there is such a resource.
 */
export function readFilter(wanted: unknown, isKnown: (uri: string) => boolean): Filter | undefined {
  if (!isJsonObject(wanted)) return undefined;
  const { resourceSubscriptions = [] } = wanted;
  const flags = FLAGS.map((flag) => [flag, wanted[flag] ?? false] as const);
  if (flags.some(([, value]) => typeof value !== "boolean")) return undefined;
  if (!Array.isArray(resourceSubscriptions) || !resourceSubscriptions.every((uri) => typeof uri === "string")) return undefined;
  const uris = [...new Set(resourceSubscriptions)].filter(isKnown);
  return {
    ...Object.fromEntries(flags.filter(([, value]) => value === true)),
    ...(uris.length > 0 && { resourceSubscriptions: uris })
  };
}

const FLAGS = ["toolsListChanged", "promptsListChanged", "resourcesListChanged"] as const;

/** Whether a listener is told of a change. */
export function isTold(filter: Filter, change: Change): boolean {
  if ("resource" in change) return filter.resourceSubscriptions?.includes(change.resource) ?? false;
  return filter[`${change.list}ListChanged`] === true;
}

/** Tells a listener what it will be told of. */
export function toAcknowledgement({ id, filter }: Subscription): Notification {
  return stamp({ jsonrpc: "2.0", method: "notifications/subscriptions/acknowledged", params: { notifications: { ...filter } } }, id);
}

/** The notification that tells a listener of a change. */
export const toStamped = (change: Change, { id }: Subscription): Notification => stamp(toNotification(change), id);

function stamp({ params = {}, ...notification }: Notification, id: RequestId): Notification {
  const _meta: JsonObject = { [META.subscription]: id };
  return { ...notification, params: { ...params, _meta } };
}
