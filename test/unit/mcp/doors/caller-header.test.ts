import { describe, expect, it } from "vitest";
import { askHome, createHomeRequestReader } from "../../../../src/mcp/doors/home-request.ts";
import { askObject, createObjectRequestReader } from "../../../../src/mcp/doors/session-request.ts";
import type { Caller } from "../../../../src/mcp/principal.ts";
import { createKeyring } from "../../../../src/mcp/signed/keyring.ts";
import { mintSessionId } from "../../../../src/mcp/signed/session-id.ts";

const GITHUB_TOKEN = "the-token-of-a-person";

const caller: Caller = {
  principal: { id: "github:7", kind: "github", clientId: "https://app.example/ü/日本/😀.json", scopes: ["mcp:use"] },
  credentials: { proof: "token:7:a:b", lastingProof: "grant:7:a", expiresMs: 1, githubToken: GITHUB_TOKEN }
};

/** An object that keeps what it is asked. */
function listener() {
  const asked: Request[] = [];
  const fetch = async (url: string, init: RequestInit) => {
    asked.push(new Request(url, init));
    return new Response();
  };
  return { object: { fetch } as unknown as Fetcher, asked };
}

const init = { issuedMs: 0, revision: "2025-11-25", capabilities: {}, client: { name: "t", version: "1" } };
const sessionId = mintSessionId(createKeyring("a secret"), "github:7", init);

const WAYS = [
  {
    to: "a session",
    ask: (object: Fetcher) => askObject(object, "post", { sessionId, caller, slicePath: "" }, "{}"),
    read: (request: Request) => createObjectRequestReader()(request).caller
  },
  {
    to: "a home",
    ask: (object: Fetcher) => askHome(object, "request", { caller, slicePath: "", canStream: true }, { body: "{}" }),
    read: (request: Request) => createHomeRequestReader()(request).caller
  }
];

describe.each(WAYS)("who calls, as $to is told", ({ ask, read }) => {
  it("arrives as it was, whatever its client is named", async () => {
    const { object, asked } = listener();
    await ask(object);
    expect(asked.map(read)).toEqual([caller]);
  });

  it("stands where the platform's logs strike it out, and in ASCII, of which the runtime does not warn", async () => {
    const { object, asked } = listener();
    await ask(object);
    const holding = asked.flatMap(({ headers }) => [...headers]).filter(([, value]) => value.includes(GITHUB_TOKEN));
    expect(holding).toEqual([[expect.stringMatching(/auth|key|secret|token|jwt/), expect.stringMatching(/^[\x20-\x7e]+$/)]]);
  });
});
