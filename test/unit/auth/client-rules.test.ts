import { describe, expect, it } from "vitest";
import { isForbiddenDocument, isNameable, refuseRegistration } from "../../../src/auth/client-rules.ts";

describe("a client's document", () => {
  it.each([
    "https://127.0.0.1/c",
    "https://2130706433/c",
    "https://0x7f000001/c",
    "https://0x7f.1/c",
    "https://0177.0.0.1/c",
    "https://127.1/c",
    "https://0/c",
    "https://127.0.0.1./c",
    "https://１２７.0.0.1/c",
    "https://8.8.8.8/c",
    "https://[::1]/c",
    "https://[::ffff:127.0.0.1]/c",
    "https://[fd00::1]/c",
    "https://[2001:4860:4860::8888]/c"
  ])("is never at an address of numbers: %s", (clientId) => {
    expect(isForbiddenDocument(clientId)).toBe(true);
  });

  it.each([
    "https://localhost/c",
    "https://localhost./c",
    "https://localhost../c",
    "HTTPS://LocalHost/c",
    "https://app.localhost/c",
    "https://intranet/c",
    "https://printer.local/c",
    "https://router.LAN/c",
    "https://nas.home.arpa/c",
    "https://metadata.google.internal/c",
    "https://metadata.google.internal./c",
    "https://db.corp/c",
    "https://x.onion/c",
    "https://example.com@localhost/c",
    "https://example.com:pass@10.0.0.1/c",
    "https://ⓛocalhost/c",
    "https://%6cocalhost/c",
    "https:localhost/c",
    "https:\\\\localhost\\c",
    "https://local\thost/c"
  ])("is never at a name of a private network: %j", (clientId) => {
    expect(isForbiddenDocument(clientId)).toBe(true);
  });

  it.each(["https://client.example:8443/c", "https://client.example:80/c", "https://client.example:0/c", "https://", "https://a b/c"])(
    "is never at another port, nor where it cannot be read: %s",
    (clientId) => {
      expect(isForbiddenDocument(clientId)).toBe(true);
    }
  );

  it.each([
    "https://claude.ai/oauth/client.json",
    "https://client.example:443/c",
    "https://client.example./c",
    "https://localhost.example/c",
    "https://internal.example/c",
    "https://1.example/c",
    "https://xn--bcher-kva.example/c",
    "AbCdEf0123456789",
    "localhost",
    ""
  ])("may be public, or none at all: %s", (clientId) => {
    expect(isForbiddenDocument(clientId)).toBe(false);
  });
});

describe("a client that registers", () => {
  it.each([
    [{ client_name: "n".repeat(128), redirect_uris: Array.from({ length: 10 }, () => "https://app.example/c") }, undefined],
    [{}, undefined],
    [{ client_name: "n".repeat(129) }, "invalid_client_metadata"],
    [{ redirect_uris: Array.from({ length: 11 }, () => "https://app.example/c") }, "invalid_redirect_uri"],
    [{ redirect_uris: [`https://app.example/${"c".repeat(2000)}`] }, "invalid_redirect_uri"]
  ])("keeps within bounds (%#)", (metadata, code) => {
    expect(refuseRegistration(metadata)?.code).toBe(code);
  });
});

describe("isNameable", () => {
  it.each([
    ["", true],
    ["n".repeat(400), true],
    ["n".repeat(401), false],
    ["ü".repeat(201), false]
  ])("counts bytes (%#)", (name, expected) => {
    expect(isNameable(name)).toBe(expected);
  });
});
