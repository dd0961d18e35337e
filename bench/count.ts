/** Which of the two classes an object is of. */
export type Kind = "session" | "home";

/** What the objects of one class have done so far. */
export interface Count {
  /** Rows of tables and indexes, as the cursors of SQLite tell. */
  sqlRows: number;
  /** Keys of `storage.kv`, each of which is one row. */
  keys: number;
  /** Alarms set, each of which is billed as one row: https://developers.cloudflare.com/durable-objects/platform/pricing/ */
  alarmsSet: number;
  /** Requests and calls over RPC that reached them. */
  requests: number;
  /** Alarms that ran, each of which is billed as one request. */
  alarmsRun: number;
  /** How large the object that wrote last was then. */
  sizeBytes: number;
}
