import type { JsonObject } from "../lib/json.ts";

/** The types that a key can have. */
export type KeyType = "string" | "number" | "binary";

export interface KeyAttribute {
  readonly name: string;
  readonly type: KeyType;
}

/**
 * What the items of a table, or of an index, are found by. Each key is one attribute; of a global index up to four.
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.DesignPattern.MultiAttributeKeys.html
 */
export interface KeySchema {
  readonly partitionKey: readonly KeyAttribute[];
  /** Empty where there is none. */
  readonly sortKey: readonly KeyAttribute[];
}

export interface TableIndex extends KeySchema {
  readonly name: string;
  readonly kind: "global" | "local";
  /** Which attributes of an item it holds besides the keys. */
  readonly projection: "all" | "keys" | "some";
  /** The names of those, where they are some. */
  readonly attributes: readonly string[];
}

export interface Table extends KeySchema {
  readonly name: string;
  readonly status: string;
  readonly billing: "on demand" | "provisioned";
  /** As AWS last counted, about every six hours. */
  readonly itemCount: number;
  /** As AWS last measured, about every six hours. */
  readonly sizeBytes: number;
  readonly indexes: readonly TableIndex[];
}

/** Which items to read. Expressions are those of DynamoDB; values are plain JSON, marked as {@link DynamoDb} says. */
export interface TableQuery {
  readonly table: string;
  readonly index: string | undefined;
  readonly keyCondition: string;
  readonly filter: string | undefined;
  /** By their placeholders, as in `:status`. */
  readonly values: JsonObject;
  /** By their placeholders, as in `#status`. */
  readonly names: Readonly<Record<string, string>>;
  /** Paths of the attributes to read besides the keys; all if absent. */
  readonly projection: readonly string[] | undefined;
  readonly isDescending: boolean;
  readonly limit: number;
  /** Where an earlier page of the same query ended. */
  readonly cursor: string | undefined;
}

/** One page of a query. */
export interface QueryPage {
  readonly items: readonly JsonObject[];
  /** How many items DynamoDB looked at, before the filter. */
  readonly examined: number;
  /** What it cost, in read capacity units. */
  readonly capacityUnits: number;
  /** Where a page begins that follows so many of these items; absent at the end. At least one item, unless there is none. */
  cursorAfter(items: number): string | undefined;
}

/** Which item to read. */
export interface ItemQuery {
  readonly table: string;
  readonly key: JsonObject;
  readonly names: Readonly<Record<string, string>>;
  readonly projection: readonly string[] | undefined;
}

/**
 * The tables of the deployer that the principal may read. All others are NotFound, as if they were not there.
 * Items are plain JSON. What JSON has no word for is an object of one marked member: `{"$number": "…"}` for a number that a double would
 * change, `{"$binary": "<base64>"}`, `{"$set": […]}`, and `{"$map": {…}}` for a map that looks like one of these.
 */
export interface DynamoDb {
  listTables(): Promise<readonly string[]>;
  describeTable(name: string): Promise<Table>;
  /** @throws InvalidInput for a condition that does not fit the keys, before anything is sent. */
  query(query: TableQuery): Promise<QueryPage>;
  /** `undefined` where there is no such item. @throws InvalidInput for a key that is not the table's. */
  getItem(query: ItemQuery): Promise<{ readonly item: JsonObject | undefined; readonly capacityUnits: number }>;
}
