import { afterAll, beforeAll, expect, it } from "vitest";
import { type DynamoDbUpstream, startDynamoDb } from "../../scripts/upstreams/dynamodb.ts";
import { idOf } from "../support/github-people.ts";
import { type OAuthServer, startOAuthServer } from "../support/oauth-server.ts";
import { RawSession } from "../support/session.ts";
import { bearer, OAuthClient, type Tokens } from "../support/sign-in.ts";

let dynamodb: DynamoDbUpstream;
let server: OAuthServer;
let without: OAuthServer;

beforeAll(async () => {
  dynamodb = await startDynamoDb();
  [server, without] = await Promise.all([startOAuthServer({ ...dynamodb.settings, AWS_PRINCIPALS: READERS }), startOAuthServer()]);
});
afterAll(async () => {
  await Promise.all([server?.close(), without?.close(), dynamodb?.close()]);
});

const READERS = ["alice", "carol"].map((login) => `github:${idOf(login)}`).join(", ");
const ASKED = { grant: ["aws:read"], parameters: { scope: "mcp:use aws:read" } };

const tablesOf = async ({ mcp }: OAuthServer, tokens: Tokens) => {
  const client = await RawSession.begin(mcp, { headers: bearer(tokens) });
  const { structuredContent, content } = await client.call("list_tables");
  return structuredContent?.tables ?? content[0]?.text;
};

it("lets a person read AWS who is on its list and has granted it, and shows nothing to another", async () => {
  const { tokens: alice } = await server.signInAfresh({ ...ASKED, login: "alice" });
  expect(alice.scope).toBe("mcp:use aws:read offline_access");
  expect(await tablesOf(server, alice)).toEqual(["orders", "stock"]);
  const { tokens: bob } = await server.signInAfresh({ ...ASKED, login: "bob" });
  expect(await tablesOf(server, bob)).toEqual([]);
});

it("goes on with a query for nobody but who began it", async () => {
  const query = { tableName: "orders", keyCondition: "customerId = :c", values: { ":c": "c-101" }, limit: 2 };
  const as = async (login: string, cursor?: unknown) => {
    const { tokens } = await server.signInAfresh({ ...ASKED, login });
    const client = await RawSession.begin(server.mcp, { headers: bearer(tokens) });
    return client.call("query_table", { ...query, ...(cursor !== undefined && { cursor }) });
  };
  const cursor = (await as("alice")).structuredContent?.nextCursor;
  expect((await as("carol", cursor)).content[0]?.text).toContain("The cursor is not of this query");
  expect((await as("alice", cursor)).structuredContent).toMatchObject({ total: 2 });
});

it("asks for the scope where it can be granted, and offers it on its page", async () => {
  const { tokens, client } = await server.signInAfresh({ login: "alice" });
  expect(tokens.scope).not.toContain("aws:read");
  const page = await (await fetch(client.begin({ scope: "mcp:use" }).url)).text();
  expect(page).toContain("Read the AWS tables and logs that this server was given");
  const metadata = (await (await fetch(`${server.url}/.well-known/oauth-authorization-server`)).json()) as { scopes_supported: string[] };
  expect(metadata.scopes_supported).toContain("aws:read");
  await expect(tablesOf(server, tokens)).rejects.toThrow("insufficient_scope");
});

it("sends nobody to sign in for what cannot be granted, where AWS is not set up", async () => {
  const client = await OAuthClient.register(without.url);
  const page = await (await fetch(client.begin(ASKED.parameters).url)).text();
  expect(page).not.toContain("AWS");
  const tokens = await without.signIn(client, ASKED);
  expect(tokens.scope).toBe("mcp:use offline_access");
  expect(await tablesOf(without, tokens)).toContain("list_tables needs the scope aws:read, which your credentials do not have.");
});
