import type { Call, History } from "./history.ts";
import type { Refusal } from "./refusal.ts";

/** A session as it introduces itself to its principal's home. Times are milliseconds since the epoch. */
export interface ShippingSession {
  /** The name of its object, without the prefix. */
  readonly name: string;
  /** `name/version` of the client. */
  readonly client: string;
  readonly issuedMs: number;
  readonly expiresMs: number;
  /** When its client ended it. */
  readonly endedMs: number | undefined;
}

/** Who asks for a history. */
export interface Asker {
  readonly principalId: string;
  /** The short name of the session that asks; home's own where a stateless request does. */
  readonly session: string;
}

/** What a principal's home does for its sessions, called over RPC. An exception would cross the border without its class. */
export interface HomeDoor {
  /** Takes calls over. Once it has answered they are durable here; what comes twice changes nothing. */
  ship(session: ShippingSession, calls: readonly Call[]): Promise<void>;
  /** Answers a method of {@link History}. */
  askHistory(asker: Asker, method: keyof History, argument: unknown): Promise<{ readonly value: unknown } | Refusal>;
}

/** What a session does for its principal's home, called over RPC. */
export interface SessionDoor {
  /** Ends the session as its client would; `false` if it was ended before. */
  endSession(expiresMs: number): Promise<boolean>;
  /** Deletes calls that home has deleted. */
  dropCalls(seqs: readonly number[]): Promise<void>;
}
