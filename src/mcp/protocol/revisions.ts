/** The sessionful revisions that the server speaks, newest first: https://modelcontextprotocol.io/specification/versioning */
export const SESSIONFUL_REVISIONS = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] as const;

export type SessionfulRevision = (typeof SESSIONFUL_REVISIONS)[number];

export function isSessionfulRevision(value: unknown): value is SessionfulRevision {
  return (SESSIONFUL_REVISIONS as readonly unknown[]).includes(value);
}

/** The stateless revisions that the server speaks, newest first. */
export const STATELESS_REVISIONS = ["2026-07-28"] as const;

export function isStatelessRevision(value: unknown): value is (typeof STATELESS_REVISIONS)[number] {
  return (STATELESS_REVISIONS as readonly unknown[]).includes(value);
}

/** Whether a revision is of the stateless era, one that nobody knows yet included: revisions are dates, and sort as text. */
export const isOfStatelessEra = (revision: string): boolean => revision >= "2026-07-28";

/** The only revision with JSON-RPC batches: https://modelcontextprotocol.io/specification/2025-03-26/basic#batching */
export const hasBatches = (revision: string): boolean => revision === "2025-03-26";

/** Whether a client of this revision knows links among the content of an answer. */
export const hasResourceLinks = (revision: string): boolean => revision >= "2025-06-18";

/** Whether a client of this revision understands an event without data, sent first so that it can come back. */
export const hasEmptyEvents = (revision: string): boolean => revision >= "2025-11-25";
