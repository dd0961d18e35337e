import { describe, expect, it } from "vitest";
import { createKeyring } from "../../../../src/mcp/signed/keyring.ts";
import { mintSessionId, readSessionId, SESSION_TTL_MS, type SessionInit, verifySessionId } from "../../../../src/mcp/signed/session-id.ts";

const keyring = createKeyring("a secret of this test");
const issuedMs = Date.parse("2026-01-01T00:00:00Z");
const init: SessionInit = {
  issuedMs,
  revision: "2025-11-25",
  capabilities: { elicitation: { form: {} }, roots: {} },
  client: { name: "Inspector", version: "2.12.0" }
};

describe("a session id", () => {
  it("says what initialize said", () => {
    const id = mintSessionId(keyring, "key:abc", init);
    expect(verifySessionId(keyring, "key:abc", id, issuedMs)?.init).toEqual(init);
  });

  it("names a new object each time, by its random part alone", () => {
    const names = [1, 2].map(() => readSessionId(mintSessionId(keyring, "key:abc", init)).name);
    expect(names[0]).toHaveLength(22);
    expect(names[0]).not.toBe(names[1]);
  });

  it.each([
    ["another principal's", (id: string) => verifySessionId(keyring, "key:xyz", id, issuedMs)],
    ["one of another secret", (id: string) => verifySessionId(createKeyring("another secret"), "key:abc", id, issuedMs)],
    [
      "one whose payload was changed",
      (id: string) =>
        verifySessionId(
          keyring,
          "key:abc",
          id.replace(/\.(.)/, (_, c) => `.${c === "A" ? "B" : "A"}`),
          issuedMs
        )
    ],
    [
      "one whose MAC was changed",
      (id: string) => verifySessionId(keyring, "key:abc", `${id.slice(0, -1)}${id.endsWith("A") ? "B" : "A"}`, issuedMs)
    ],
    ["an expired one", (id: string) => verifySessionId(keyring, "key:abc", id, issuedMs + SESSION_TTL_MS)],
    ["one that is too long", (id: string) => verifySessionId(keyring, "key:abc", `${id}${"A".repeat(512)}`, issuedMs)],
    ["an empty one", () => verifySessionId(keyring, "key:abc", "", issuedMs)]
  ])("is refused: %s", (_, verify) => {
    expect(verify(mintSessionId(keyring, "key:abc", init))).toBeUndefined();
  });

  it("is valid under the secret before, while a rotation lasts", () => {
    const id = mintSessionId(createKeyring("before"), "local", init);
    expect(verifySessionId(createKeyring("after", "before"), "local", id, issuedMs)).toBeDefined();
    expect(verifySessionId(createKeyring("after"), "local", id, issuedMs)).toBeUndefined();
  });

  it.each([
    ["four-byte characters", "🐭".repeat(100)],
    ["control characters", "\u0000".repeat(100)],
    ["lone surrogates", "\ud800".repeat(100)],
    ["quotes", '"'.repeat(100)]
  ])("stays within 512 visible ASCII characters for a client named in %s", (_, name) => {
    const capabilities = {
      elicitation: { form: {}, url: {} },
      sampling: { tools: {}, context: {} },
      roots: {},
      experimental: { x: { y: "z".repeat(10_000) } }
    };
    const id = mintSessionId(keyring, "local", { ...init, capabilities, client: { name, version: name } });
    expect(id).toMatch(/^[\x21-\x7e]{1,512}$/);
    expect(verifySessionId(keyring, "local", id, issuedMs)?.init.capabilities).toEqual({
      elicitation: { form: {}, url: {} },
      sampling: { tools: {}, context: {} },
      roots: {}
    });
  });
});
