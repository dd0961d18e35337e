import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { catalog } from "../../../src/catalog/catalog.ts";
import { addressKey } from "../../../src/edge/address-limit.ts";
import { createEdge } from "../../../src/edge/edge.ts";

const DEPLOYED = { DORMOUSE_LOCAL: "", DORMOUSE_SECRET: "test-secret-of-a-deployed-server-0123456789abcdef" };

/** The platform's binding as it would answer, and what it was asked. */
function createLimiter(answer: () => Promise<RateLimitOutcome>) {
  const keys: string[] = [];
  const limit = ({ key }: RateLimitOptions) => {
    keys.push(key);
    return answer();
  };
  return { keys, ADDRESS_LIMIT: { limit } };
}

const refusing = () => createLimiter(async () => ({ success: false }));

/** Sends a request without credentials to a server of these settings. */
function send(bindings: Partial<Env>, { path = "/mcp", headers = { "cf-connecting-ip": "203.0.113.7" } as Record<string, string> } = {}) {
  const request = new Request(`https://dormouse.example${path}`, { method: "POST", headers });
  return createEdge(catalog).fetch(request, { ...env, GITHUB_CLIENT_ID: "", ...bindings }, createExecutionContext());
}

describe("an address that sends too many requests", () => {
  it("is refused before anything else is looked at, and told when to come back", async () => {
    const limiter = refusing();
    const headers = { "cf-connecting-ip": "203.0.113.7", origin: "https://evil.example", authorization: "Bearer nonsense" };
    const response = await send({ ...DEPLOYED, ...limiter }, { headers });
    expect([response.status, response.headers.get("retry-after")]).toEqual([429, "60"]);
    expect(await response.json()).toEqual({
      jsonrpc: "2.0",
      error: {
        code: 1429,
        message: "Too many requests from your address. Try again in 60 s.",
        data: { reason: "too_many_requests", retryAfterSeconds: 60 }
      }
    });
    expect(limiter.keys).toEqual(["203.0.113.7"]);
  });

  it("may still ask for the server's health", async () => {
    expect((await send({ ...DEPLOYED, ...refusing() }, { path: "/health" })).status).toBe(200);
  });

  it("is counted by what Cloudflare says, never by a header of its own", async () => {
    const limiter = refusing();
    for (const forged of ["198.51.100.1", "198.51.100.2"]) {
      const headers = { "cf-connecting-ip": "203.0.113.7", "x-forwarded-for": forged, "x-real-ip": forged, "true-client-ip": forged };
      await send({ ...DEPLOYED, ...limiter }, { headers });
    }
    expect(new Set(limiter.keys)).toEqual(new Set(["203.0.113.7"]));
  });

  it("is refused by the platform's own binding, and no other address with it", async () => {
    const statusOf = async (address: string) => (await send(DEPLOYED, { headers: { "cf-connecting-ip": address } })).status;
    const flood = async () => {
      for (let i = 0; i < 600; i++) await env.ADDRESS_LIMIT.limit({ key: "198.51.100.9" });
      return statusOf("198.51.100.9");
    };
    // The local binding counts by the minute of the clock: one flood may end in the next, two cannot.
    expect((await flood()) === 429 || (await flood()) === 429).toBe(true);
    expect(await statusOf("198.51.100.10")).toBe(503);
  });
});

describe("no address is refused", () => {
  it.each([
    ["within the limit", { ...DEPLOYED, ...createLimiter(async () => ({ success: true })) }],
    ["where the limiter fails", { ...DEPLOYED, ...createLimiter(() => Promise.reject(new Error("down"))) }],
    ["where nothing is bound", { ...DEPLOYED, ADDRESS_LIMIT: undefined as unknown as RateLimit }]
  ])("%s", async (_, bindings) => {
    expect((await send(bindings)).status).toBe(503); // no key was made
  });

  it("that is not known", async () => {
    expect((await send({ ...DEPLOYED, ...refusing() }, { headers: {} })).status).toBe(503);
  });

  it("in local mode", async () => {
    const limiter = refusing();
    await send({ DORMOUSE_LOCAL: "1", DORMOUSE_SECRET: "local-only-this-secret-is-public", ...limiter });
    expect(limiter.keys).toEqual([]);
  });
});

describe("addressKey", () => {
  it.each([
    ["an IPv4 address", "203.0.113.7", "203.0.113.7"],
    ["an IPv4 address in IPv6", "::ffff:203.0.113.7", "::ffff:203.0.113.7"],
    ["a whole IPv6 address", "2001:0DB8:0001:0002:0003:0004:0005:0006", "2001:db8:1:2::/64"],
    ["a shortened one", "2001:db8::6", "2001:db8:0:0::/64"],
    ["one that is shortened behind its network", "2001:db8:1:2::", "2001:db8:1:2::/64"],
    ["one that is shortened within its network", "2001::2:3:4:5:6", "2001:0:0:2::/64"],
    ["the loopback", "::1", "0:0:0:0::/64"],
    ["what is no address", "not:an:address", "not:an:address"]
  ])("names %s", (_, address, key) => {
    expect(addressKey(address)).toBe(key);
  });

  it("gives all of a subscriber's addresses one name", () => {
    const names = Array.from({ length: 100 }, (_, i) => addressKey(`2001:db8:1:2:${i.toString(16)}::${(i * 7).toString(16)}`));
    expect(new Set(names).size).toBe(1);
  });
});
