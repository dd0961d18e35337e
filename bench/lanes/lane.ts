import type { BuiltWorkerOptions } from "../../test/support/built-worker.ts";

/** One way to serve the same call, measured beside the others. A lane is one file: see `dormouse.ts`. */
export interface Lane {
  readonly name: string;
  /** What a reader of the figures should know of it, in one line. */
  readonly about: string;
  /** Whether it serves from `src/`: those lanes are compared with the others. */
  readonly isOurs: boolean;
  /** The entry of its Worker, from the root of the repository. */
  readonly main: string;
  /** What its Worker is started with, where that is not what local mode needs. */
  readonly start?: Pick<BuiltWorkerOptions, "bindings" | "kv">;
  /** Opens one connection with an object of its own. */
  open(port: number): Promise<Session>;
}

/** One connection that makes one call at a time. */
export interface Session {
  /**
   * Calls `echo` with {@link textOf} this id, and checks the answer.
   * @param id nine digits, so that every call of every lane has the same size
   */
  call(id: number): Promise<void>;
  close(): void;
}

/** More connections than this are not measured. */
export const MAX_CONNECTIONS = 256;

/** The first id of a session. */
export const FIRST_ID = 100_000_000;

/** What the call of this id says, and must hear. */
export const textOf = (id: number): string => `The dormouse sleeps through call ${id}.`;

/** The call as every lane of JSON-RPC sends it. */
export const toCall = (id: number): string =>
  `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"echo","arguments":{"text":"${textOf(id)}"}}}`;

/** @throws Error unless this is the answer to the call of this id. */
export function checkAnswer(json: string, id: number): void {
  const text = textOf(id);
  const answer = JSON.parse(json) as { id?: unknown; result?: { content?: { text?: unknown }[]; structuredContent?: { text?: unknown } } };
  const { content, structuredContent } = answer.result ?? {};
  if (answer.id === id && content?.[0]?.text === text && structuredContent?.text === text) return;
  throw new Error(`The call ${id} was answered with ${json.slice(0, 500)}`);
}
