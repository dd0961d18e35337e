import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { AwsV4Signer } from "aws4fetch";
import dynalite from "dynalite";
import { READABLE_TABLES, SEED_TABLES, type SeedTable } from "./dynamodb-seed.ts";
import type { LocalServer } from "./local-server.ts";

/** A running DynamoDB: npm `dynalite`, whose tables live in memory. */
export interface DynamoDbUpstream extends LocalServer {
  /** The settings with which the Worker reads it, as `local`. */
  readonly settings: Readonly<Record<string, string>>;
  /** Does anything that DynamoDB can, as a test needs it. */
  send(action: string, input: object): Promise<unknown>;
}

/** Not a secret: dynalite takes any. */
const CREDENTIALS = { accessKeyId: "AKIDLOCAL", secretAccessKey: "local-only-this-secret-is-public" } as const;

const REGION = "eu-west-1";

/** Starts DynamoDB on 127.0.0.1 with the same tables every time; port 0 takes a free one. */
export async function startDynamoDb(options: { port?: number } = {}): Promise<DynamoDbUpstream> {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0 });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  // A TCP server has an AddressInfo; node's type also covers pipes.
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  const send = (action: string, input: object) => sendTo(url, action, input);
  try {
    for (const table of SEED_TABLES) await makeTable(send, table);
    return { url, close, send, settings: settingsFor(url) };
  } catch (cause) {
    await close();
    throw cause;
  }
}

const settingsFor = (url: string): Readonly<Record<string, string>> => ({
  AWS_REGION: REGION,
  AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  AWS_PRINCIPALS: "local",
  DYNAMODB_URL: url,
  DYNAMODB_TABLES: READABLE_TABLES
});

async function makeTable(send: DynamoDbUpstream["send"], { definition, items }: SeedTable): Promise<void> {
  const { TableName } = definition;
  await send("CreateTable", definition);
  // DescribeTable answers { Table: { TableStatus } }: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeTable.html
  const status = async () => ((await send("DescribeTable", { TableName })) as { Table: { TableStatus: string } }).Table.TableStatus;
  while ((await status()) !== "ACTIVE") await sleep(5);
  for (const Item of items) await send("PutItem", { TableName, Item });
}

async function sendTo(url: string, action: string, input: object): Promise<unknown> {
  const signer = new AwsV4Signer({
    url,
    method: "POST",
    headers: { "content-type": "application/x-amz-json-1.0", "x-amz-target": `DynamoDB_20120810.${action}` },
    body: JSON.stringify(input),
    ...{ ...CREDENTIALS, service: "dynamodb", region: REGION, allHeaders: true }
  });
  const { method, headers, body } = await signer.sign();
  const response = await fetch(url, { method, headers, ...(body && { body }) });
  if (!response.ok) throw new Error(`dynalite refused ${action}: ${response.status} ${await response.text()}`);
  return response.json();
}
