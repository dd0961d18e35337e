/** A table of the seed, as DynamoDB makes it, and its items, as DynamoDB writes them. */
export interface SeedTable {
  readonly definition: { readonly TableName: string } & Readonly<Record<string, unknown>>;
  readonly items: readonly Readonly<Record<string, unknown>>[];
}

const CUSTOMERS = ["c-101", "c-102", "c-103", "c-104"];
const STATUSES = ["delivered", "delivered", "shipped", "open", "cancelled"];
const LINES = [
  { sku: "lamp-oak", price: 89.5 },
  { sku: "chair-ash", price: 149 },
  { sku: "shelf-pine", price: 42.25 },
  { sku: "rug-wool", price: 230 }
] as const;

const DAY_MS = 24 * 60 * 60 * 1000;
const FIRST_ORDER_MS = Date.UTC(2026, 5, 1, 9);
const ORDERS = 60;

/** The same orders every time. */
const orders = Array.from({ length: ORDERS }, (_, number) => {
  const quantity = (number % 3) + 1;
  const { sku, price } = LINES[number % LINES.length] ?? LINES[0];
  return {
    customerId: { S: CUSTOMERS[(number * 7) % CUSTOMERS.length] },
    placedAt: { S: new Date(FIRST_ORDER_MS + number * DAY_MS).toISOString() },
    orderId: { S: `o-${1000 + number}` },
    status: { S: STATUSES[number % STATUSES.length] },
    total: { N: String(quantity * price) },
    lines: { L: [{ M: { sku: { S: sku }, quantity: { N: String(quantity) }, price: { N: String(price) } } }] },
    address: { M: { city: { S: number % 2 === 0 ? "Bristol" : "Porto" }, isGift: { BOOL: number % 6 === 0 } } },
    ...(number % 8 === 0 && { tags: { SS: ["priority", "returning"] } }),
    ...(number % 10 === 0 && { note: { S: "Please ring twice. The bell is shy." } })
  };
});

const stock = [
  { sku: { S: "lamp-oak" }, title: { S: "Oak lamp" }, onHand: { N: "14" }, sizesCm: { NS: ["30", "45"] }, label: { B: "b2FrLWxhbXA=" } },
  { sku: { S: "chair-ash" }, title: { S: "Ash chair" }, onHand: { N: "3" }, gtin: { N: "40123456789012345678" } },
  { sku: { S: "shelf-pine" }, title: { S: "Pine shelf" }, onHand: { N: "0" }, discontinued: { BOOL: true } },
  { sku: { S: "rug-wool" }, title: { S: "Wool rug" }, onHand: { N: "7" }, supplier: { NULL: true } }
];

/** Two tables that `npm start` lets anybody on this machine read, and one that it does not. */
export const SEED_TABLES: readonly SeedTable[] = [
  {
    definition: {
      TableName: "orders",
      ...keys("customerId", "placedAt"),
      AttributeDefinitions: [...attributes("S", "customerId", "placedAt", "status"), ...attributes("N", "total")],
      GlobalSecondaryIndexes: [{ IndexName: "byStatus", ...keys("status", "placedAt"), Projection: { ProjectionType: "ALL" } }],
      LocalSecondaryIndexes: [{ IndexName: "byTotal", ...keys("customerId", "total"), Projection: { ProjectionType: "KEYS_ONLY" } }],
      BillingMode: "PAY_PER_REQUEST"
    },
    items: orders
  },
  {
    definition: {
      TableName: "stock",
      ...keys("sku"),
      AttributeDefinitions: attributes("S", "sku"),
      ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 }
    },
    items: stock
  },
  {
    definition: {
      TableName: "payroll",
      ...keys("employeeId"),
      AttributeDefinitions: attributes("S", "employeeId"),
      BillingMode: "PAY_PER_REQUEST"
    },
    items: [{ employeeId: { S: "e-1" }, salary: { N: "1" } }]
  }
];

/** The names of the tables that may be read. */
export const READABLE_TABLES = "orders,stock";

function keys(partition: string, sort?: string) {
  const sortKey = sort === undefined ? [] : [{ AttributeName: sort, KeyType: "RANGE" }];
  return { KeySchema: [{ AttributeName: partition, KeyType: "HASH" }, ...sortKey] };
}

function attributes(type: "S" | "N", ...names: readonly string[]) {
  return names.map((name) => ({ AttributeName: name, AttributeType: type }));
}
