/** A log group that the server was given to read. */
export interface LogGroup {
  readonly name: string;
  /** Since the epoch. */
  readonly createdMs: number | undefined;
  /** How long its events are kept; absent if for ever. */
  readonly retentionDays: number | undefined;
  readonly sizeBytes: number | undefined;
}

/** One event, as whoever wrote it wrote it, visible characters only. */
export interface LogEvent {
  /** Since the epoch. */
  readonly timestampMs: number;
  readonly stream: string;
  readonly message: string;
}

/** Which events to read. */
export interface LogQuery {
  readonly logGroup: string;
  /** Both ends belong to it; milliseconds since the epoch. */
  readonly startMs: number;
  readonly endMs: number;
  /** CloudWatch Logs' filter pattern; every event if absent. Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html */
  readonly pattern?: string | undefined;
  /** How many events a page holds at most; as many as the service gives if absent. */
  readonly pageSize?: number | undefined;
  /** How long to wait for a service that is asked too often, each time it says so, milliseconds. */
  readonly patienceMs: number;
}

/** Log groups and their events. It only reads. A group that the server was not given is NotFound, as one that does not exist. */
export interface Logs {
  /** Those whose names begin with the prefix, by name, and whether there are more than the limit. */
  listGroups(prefix: string, limit: number): Promise<{ readonly groups: readonly LogGroup[]; readonly hasMore: boolean }>;
  /**
   * The matching events in the order of their times, each once, a page at a time; a page may be empty.
   * @throws NotFound, InvalidInput for a pattern that the service does not understand, UpstreamLimited, UpstreamFailed, Denied
   */
  filter(query: LogQuery): AsyncIterable<readonly LogEvent[]>;
}
