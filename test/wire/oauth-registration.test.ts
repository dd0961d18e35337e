import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OAuthServer, startOAuthServer } from "../support/oauth-server.ts";
import { fromAnyAddress } from "../support/sign-in.ts";

let server: OAuthServer;
beforeAll(async () => {
  server = await startOAuthServer();
});
afterAll(() => server?.close());

const GOOD = { client_name: "an app", redirect_uris: ["http://127.0.0.1:1/callback"], token_endpoint_auth_method: "none" };

const register = (metadata: object | string, headers: Record<string, string> = {}) =>
  fetch(`${server.url}/oauth/register`, {
    method: "POST",
    headers: { "content-type": "application/json", ...fromAnyAddress(), ...headers },
    body: typeof metadata === "string" ? metadata : JSON.stringify(metadata)
  });

const refusalOf = async (response: Response) => ({ status: response.status, ...((await response.json()) as object) });

describe("a client that registers itself", () => {
  it("gets a name, and no secret where it can keep none", async () => {
    const response = await register(GOOD);
    expect(response.status).toBe(201);
    const client = (await response.json()) as Record<string, unknown>;
    expect(client).toMatchObject({ ...GOOD, client_id: expect.stringMatching(/^[\w-]{16}$/) });
    expect(client).not.toHaveProperty("client_secret");
    expect(await server.rows(`client:${client.client_id}`)).toHaveLength(1);
  });

  it("may come back to a scheme of its own", async () => {
    expect((await register({ ...GOOD, redirect_uris: ["cursor://anysphere.cursor-mcp/oauth/callback"] })).status).toBe(201);
  });

  it("may list as many addresses as editors do: of the Web, of loopback, with a port and without", async () => {
    const loopback = ["http://localhost/", "http://127.0.0.1/", "http://localhost:33418/", "http://127.0.0.1:33418/"];
    const redirect_uris = ["https://insiders.vscode.dev/redirect", "https://vscode.dev/redirect", ...loopback];
    expect((await register({ ...GOOD, redirect_uris })).status).toBe(201);
  });

  const redirects = (count: number) => Array.from({ length: count }, (_, i) => `https://app.example/${i}`);

  it.each([
    ["a name that is too long", { client_name: "n".repeat(129) }, 400, "invalid_client_metadata"],
    ["too many addresses", { redirect_uris: redirects(11) }, 400, "invalid_redirect_uri"],
    ["an address that is too long", { redirect_uris: [`https://app.example/${"a".repeat(2000)}`] }, 400, "invalid_redirect_uri"],
    ["no address", { redirect_uris: [] }, 400, "invalid_client_metadata"],
    ["a missing address", { redirect_uris: undefined }, 400, "invalid_client_metadata"],
    ["an address that is a script", { redirect_uris: ["javascript:alert(1)"] }, 400, "invalid_client_metadata"],
    ["a script in capitals among others", { redirect_uris: [...redirects(1), "JavaScript:alert(1)"] }, 400, "invalid_client_metadata"],
    ["an address that is data", { redirect_uris: ["data:text/html,x"] }, 400, "invalid_client_metadata"],
    ["an address with a fragment", { redirect_uris: ["https://app.example/#x"] }, 400, "invalid_client_metadata"],
    ["plain HTTP to another machine", { redirect_uris: ["http://app.example/callback"] }, 400, "invalid_client_metadata"],
    ["the implicit flow", { response_types: ["token"] }, 400, "invalid_client_metadata"],
    ["a name of a megabyte", { client_name: "n".repeat(1024 * 1024) }, 413, "invalid_request"],
    ["much that nobody asked for", { contacts: ["c".repeat(100_000)] }, 413, "invalid_request"]
  ])("is refused with %s, and not kept", async (_, metadata, status, error) => {
    const before = await server.rows("client:");
    expect(await refusalOf(await register({ ...GOOD, ...metadata }))).toMatchObject({ status, error });
    expect(await server.rows("client:")).toEqual(before);
  });

  it.each([
    ["not JSON", "{"],
    ["a list", "[]"],
    ["nothing", "null"]
  ])("is refused with %s", async (_, body) => {
    expect(await refusalOf(await register(body))).toMatchObject({ status: 400, error: expect.stringMatching(/^invalid_/) });
  });

  it("may be a page of any origin", async () => {
    const headers = { origin: "https://page.example" };
    const preflight = await fetch(`${server.url}/oauth/register`, { method: "OPTIONS", headers });
    expect([preflight.status, preflight.headers.get("access-control-allow-origin")]).toEqual([204, "https://page.example"]);
    expect((await register(GOOD, headers)).headers.get("access-control-allow-origin")).toBe("https://page.example");
  });
});

describe("an address that registers many clients", () => {
  const from = (address: string) => register(GOOD, { "cf-connecting-ip": address });

  it("is told to wait, and no other with it", async () => {
    const answers = await Promise.all(Array.from({ length: 21 }, () => from("203.0.113.7"))); // a minute may end among them
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.headers.get("retry-after")).toBe("60");
    expect(refused?.headers.get("access-control-expose-headers")).toBe("Retry-After");
    expect(await refused?.json()).toMatchObject({ error: "temporarily_unavailable" });
    expect((await from("203.0.113.8")).status).toBe(201);
  });
});
