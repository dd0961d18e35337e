import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { catalog } from "../../../../src/catalog/catalog.ts";
import { createEdge } from "../../../../src/edge/edge.ts";

const SETTINGS = {
  DORMOUSE_LOCAL: "",
  DORMOUSE_SECRET: "test-secret-of-a-deployed-server-0123456789abcdef",
  GITHUB_CLIENT_ID: "Iv23example",
  GITHUB_CLIENT_SECRET: "a-secret-of-the-app"
};

let last = 0;

/** Opens the page that asks for a client which describes itself so, at an address of its own: descriptions are kept. */
async function open(describe: (clientId: string) => Response, clientId = `https://client.example/${++last}.json`) {
  const fetched: string[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input) => {
    fetched.push(String(input));
    return describe(clientId);
  });
  const query = new URLSearchParams({
    ...{
      response_type: "code",
      client_id: clientId,
      redirect_uri: "http://127.0.0.1:7777/callback",
      resource: "https://dormouse.example/mcp"
    },
    ...{ code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", code_challenge_method: "S256" }
  });
  const request = new Request(`https://dormouse.example/authorize?${query}`);
  return { clientId, fetched, ...(await show(request)) };
}

async function show(request: Request) {
  const response = await createEdge(catalog).fetch(request, { ...env, ...SETTINGS }, createExecutionContext());
  return { status: response.status, retryAfter: response.headers.get("retry-after"), page: await response.text() };
}

const document = (clientId: string, more: object = {}) =>
  Response.json({
    ...{ client_id: clientId, client_name: "An app", redirect_uris: ["http://127.0.0.1/callback"], token_endpoint_auth_method: "none" },
    ...more
  });

afterEach(() => {
  vi.restoreAllMocks();
});

describe("a client that describes itself", () => {
  it("is shown with its domain, and with a warning where it is on this computer", async () => {
    const { clientId, fetched, status, page } = await open((id) => document(id));
    expect([status, new Set(fetched)]).toEqual([200, new Set([clientId])]);
    expect(page).toContain("<strong>client.example</strong>");
    expect(page).toContain("<bdi>An app</bdi>");
    expect(page).toContain("This is an app on this computer.");
  });

  it.each([
    ["is longer than any that may register", "n".repeat(4000), `<bdi>${"n".repeat(128)}</bdi>`],
    ["turns what stands around it", "\u202eppa nA\u2066", "<bdi>ppa nA</bdi>"],
    ["has fillers between its letters", "A\u3164n\ufe0f \u{e0041}app\u034f", "<bdi>An app</bdi>"],
    ["is markup", "<img src=x>", "<bdi>&#60;img src=x&#62;</bdi>"]
  ])("is shown by a name that fits on the page, also where it %s", async (_, client_name, shown) => {
    const { status, page } = await open((id) => document(id, { client_name }));
    expect(status).toBe(200);
    expect(page).toContain(shown);
  });

  it.each(["\u200b\u2066", "\u3164\u115f", "\u2800"])(
    "is shown by its address where nothing of its name can be seen: %j",
    async (client_name) => {
      const { clientId, page } = await open((id) => document(id, { client_name }));
      expect(page).toContain(`<bdi>${clientId}</bdi>`);
    }
  );

  it.each([
    ["that is too large", (id: string) => document(id, { client_name: "n".repeat(1024 * 1024) })],
    ["of another client", () => document("https://other.example/c.json")],
    ["with a secret", (id: string) => document(id, { client_secret: "s" })],
    ["that may be sent elsewhere", (id: string) => document(id, { redirect_uris: ["javascript:alert(1)"] })],
    ["without a name", (id: string) => document(id, { client_name: "" })],
    ["that is not there", () => new Response(null, { status: 404 })],
    ["that is not JSON", () => new Response("<h1>Hello</h1>", { headers: { "content-type": "text/html" } })]
  ])("is not asked for with a description %s", async (_, describe) => {
    const { status, page } = await open(describe);
    expect(status).toBe(400);
    expect(page).toContain("nobody knows who asks");
    expect(page).not.toContain("<form");
  });

  it("is not sent to an address that it does not list", async () => {
    const { status, page } = await open((id) => document(id, { redirect_uris: ["https://client.example/callback"] }));
    expect([status, page.includes("<form")]).toEqual([400, false]);
  });

  it.each([
    "https://localhost/c",
    " https://localhost/c",
    "\thttps://localhost/c",
    "ht\ttps://localhost/c",
    "https://client.example/a/../c",
    "https://client.example@localhost/c",
    "https://user@client.example/c",
    "https://client.example/c#localhost",
    "https://client.example"
  ])("at %j is not even asked to", async (address) => {
    const { fetched, status } = await open(document, address);
    expect([status, fetched]).toEqual([400, []]);
  });
});

it("who begins many sign-ins from one address is told to wait, and nobody else with them", async () => {
  const from = (address: string) =>
    show(new Request("https://dormouse.example/authorize?client_id=nobody", { headers: { "cf-connecting-ip": address } }));
  const answers = await Promise.all(Array.from({ length: 61 }, () => from("203.0.113.7"))); // a minute may end among them
  const refused = answers.find(({ status }) => status === 429);
  expect(refused).toMatchObject({ retryAfter: "60", page: expect.stringContaining("Too many sign-ins") });
  expect((await from("203.0.113.8")).status).toBe(400);
});
