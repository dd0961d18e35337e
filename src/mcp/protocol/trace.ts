/** What a caller's `traceparent` says: the trace that a call belongs to, and the span that made it. */
export interface TraceParent {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly parent: string;
}

/**
 * Reads a `traceparent` as a header or `_meta` carries it; `undefined` for anything that the specification calls invalid.
 * Source: https://www.w3.org/TR/trace-context-1/#traceparent-header-field-values
 */
export function readTraceparent(value: unknown): TraceParent | undefined {
  if (typeof value !== "string") return undefined;
  const [, version, traceId, parent] = TRACEPARENT.exec(value) ?? [];
  if (version === undefined || traceId === undefined || parent === undefined || version === FORBIDDEN_VERSION) return undefined;
  // Only a version above ours may go on: https://www.w3.org/TR/trace-context-1/#versioning-of-traceparent
  if (version === OUR_VERSION && value.length > OUR_LENGTH) return undefined;
  return ALL_ZERO.test(traceId) || ALL_ZERO.test(parent) ? undefined : { traceId, parent };
}

/**
 * What is kept of a `traceparent`: the fields that every version begins with; `undefined` for an invalid one. What a version to come
 * adds to them is anybody's text, of any length.
 */
export const keepTraceparent = (value: unknown): string | undefined => readTraceparent(value) && String(value).slice(0, OUR_LENGTH);

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-|$)/;
const ALL_ZERO = /^0+$/;
const OUR_VERSION = "00";
const OUR_LENGTH = 55;
const FORBIDDEN_VERSION = "ff";
