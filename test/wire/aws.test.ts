import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DynamoDbStub, refusal, startDynamoDbStub } from "../support/dynamodb-stub.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { RawSession } from "../support/session.ts";

const CREDENTIALS = {
  AWS_ACCESS_KEY_ID: "AKIDTEST",
  AWS_SECRET_ACCESS_KEY: "the-secret-of-a-test",
  AWS_SESSION_TOKEN: "the-token-of-a-test"
};

describe("a server whose AWS refuses", () => {
  let stub: DynamoDbStub;
  let server: TestServer;
  let client: RawSession;

  beforeAll(async () => {
    stub = await startDynamoDbStub();
    const aws = { AWS_REGION: "eu-west-1", AWS_PRINCIPALS: "local", DYNAMODB_TABLES: "*", DYNAMODB_URL: stub.url };
    server = await startServer({ settings: { ...CREDENTIALS, ...aws, LOCAL_SCOPES: "all" } });
    client = await RawSession.begin(`${server.url}/mcp`);
  });
  afterAll(async () => {
    await Promise.all([server?.close(), stub?.close()]);
  });

  const listTables = async () => {
    const { content, isError, structuredContent } = await client.call("list_tables");
    return { isError: isError ?? false, text: content[0]?.text ?? "", tables: structuredContent?.tables };
  };

  it("repeats a throttled read with growing pauses, and succeeds", async () => {
    stub.answers = [refusal("ThrottlingException"), refusal("ThrottlingException"), { status: 200, body: { TableNames: ["a"] } }];
    expect(await listTables()).toMatchObject({ isError: false, tables: ["a"] });
    const [first, second, third] = stub.seen.map(({ atMs }) => atMs) as [number, number, number];
    expect(stub.seen).toHaveLength(3);
    expect(second - first).toBeGreaterThanOrEqual(95);
    expect(third - second).toBeGreaterThanOrEqual(190);
  });

  it.each([
    ["ThrottlingException", 3, "AWS has throttled this and its repetitions: The list of tables is asked too often. Try again in a minute."],
    ["ProvisionedThroughputExceededException", 3, "AWS has throttled this and its repetitions"],
    [
      "AccessDeniedException",
      1,
      "The AWS credentials of this server may not ListTables here. Whoever runs it must allow that in IAM; see docs/deploy.md."
    ],
    [
      "UnrecognizedClientException",
      1,
      "AWS does not accept the credentials of this server: they are wrong or have expired. Whoever runs it must set them anew."
    ]
  ])("says so after %s, having asked %i times", async (type, times, words) => {
    stub.answers = [refusal(type, `what AWS says of ${CREDENTIALS.AWS_SESSION_TOKEN}`)];
    const { isError, text } = await listTables();
    expect(isError).toBe(true);
    expect(text).toContain(words);
    expect(text).not.toContain("what AWS says");
    expect(stub.seen.map(({ action }) => action)).toEqual(Array.from({ length: times }, () => "DynamoDB_20120810.ListTables"));
  });

  it("reads on where the list of tables has pages", async () => {
    stub.answers = [
      { status: 200, body: { TableNames: ["a", "b"], LastEvaluatedTableName: "b" } },
      { status: 200, body: { TableNames: ["c"] } }
    ];
    expect((await listTables()).tables).toEqual(["a", "b", "c"]);
  });
});

describe("a server", () => {
  const health = async ({ url }: TestServer) => ((await (await fetch(`${url}/health`)).json()) as { missing: string[] }).missing.join("\n");

  it.each([
    ["nothing of AWS", {}, "whoever runs it has not given it any tables or logs.", undefined],
    [
      "a part of AWS",
      { ...CREDENTIALS, AWS_REGION: "eu-west-1", AWS_PRINCIPALS: "*", DYNAMODB_TABLES: "orders" },
      "it lacks AWS_PRINCIPALS.",
      "AWS_PRINCIPALS: AWS is set up in part, and not read; see docs/deploy.md"
    ]
  ])("that was given %s lists its tools all the same, and says what is missing", async (_, settings, words, missing) => {
    const server = await startServer({ settings: { ...settings, LOCAL_SCOPES: "all" } });
    try {
      const client = await RawSession.begin(`${server.url}/mcp/x/dynamodb/readonly`);
      const [{ result }] = (await client.request("tools/list")) as [{ result: { tools: { name: string }[] } }];
      expect(result.tools.map(({ name }) => name)).toEqual(["list_tables", "describe_table", "query_table", "get_item"]);
      const { isError, content } = await client.call("list_tables");
      expect({ isError, text: content[0]?.text }).toEqual({
        isError: true,
        text: expect.stringContaining(`AWS is not set up on this server: ${words} See docs/deploy.md.`)
      });
      if (missing === undefined) expect(await health(server)).not.toContain("AWS");
      else expect(await health(server)).toContain(missing);
    } finally {
      await server.close();
    }
  });
});
