import { describe, expect, it } from "vitest";
import { mintHandle, ownerRef, readHandle } from "../../../../src/mcp/signed/handle.ts";
import { createKeyring } from "../../../../src/mcp/signed/keyring.ts";

const keyring = createKeyring("a secret of this test");
const handle = { kind: "call", owner: ownerRef("AAECAwQFBgcICQoLDA0ODw"), seq: 1234567 } as const;

describe("a handle", () => {
  it("is short, and reads back as what it names", () => {
    const text = mintHandle(keyring, "local", handle);
    expect(text).toMatch(/^call_[0-9a-z]{8}_[0-9a-z]+_[0-9a-z]{4}$/);
    expect(readHandle(keyring, "local", text)).toEqual(handle);
  });

  it("names nothing for another principal, after a change, or under another secret", () => {
    const text = mintHandle(keyring, "key:abc", handle);
    expect(readHandle(keyring, "key:xyz", text)).toBeUndefined();
    expect(
      readHandle(
        keyring,
        "key:abc",
        text.replace(/_(\w)(?=\w*_\w+$)/, (_, c) => `_${c === "1" ? "2" : "1"}`)
      )
    ).toBeUndefined();
    expect(readHandle(createKeyring("another secret"), "key:abc", text)).toBeUndefined();
  });

  it.each(["", "call", "call_1_2_3", "call_aaaaaaaa_!_aaaa", "run_aaaaaaaa_1_aaaa"])("is not %j", (text) => {
    expect(readHandle(keyring, "local", text)).toBeUndefined();
  });
});
