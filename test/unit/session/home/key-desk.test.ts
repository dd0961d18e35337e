import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { KeyedOutcome } from "../../../../src/mcp/idempotency.ts";
import { createKeyring } from "../../../../src/mcp/signed/keyring.ts";
import { KeyDesk } from "../../../../src/session/home/key-desk.ts";
import { HomeRecord } from "../../../../src/stores/home-record.ts";
import { IdempotencyKeys } from "../../../../src/stores/idempotency-keys.ts";

const SECRET = "0123456789abcdef0123456789abcdef";
const OUTCOME: KeyedOutcome = { outcome: "ok", result: { content: [{ type: "text", text: "Created note 1." }] } };
const CALL = { key: "key", digest: "digest", holder: "a session" };

let names = 0;

/** A desk with a store of its own, and the attempts that their objects say go on. */
function atDesk<T>(
  act: (desk: KeyDesk, held: Set<string>, again: (secret?: string) => KeyDesk, sql: SqlStorage) => Promise<T>
): Promise<T> {
  return runInDurableObject(env.HOME.get(env.HOME.idFromName(`home:desk-${names++}`)), (_, { storage }) => {
    const held = new Set<string>();
    const create = (secret = SECRET) =>
      new KeyDesk({
        keys: new IdempotencyKeys(storage, new HomeRecord(storage, () => {})),
        keyring: () => createKeyring(secret),
        ttlMs: 60_000,
        waitMs: 300,
        isHeld: async (_holder, claim) => held.has(claim)
      });
    return act(create(), held, create, storage.sql);
  });
}

describe("KeyDesk", () => {
  it("gives a key to the first, and tells every other how that one ended, also after a loss of its memory", async () => {
    const states = await atDesk(async (desk, held, again) => {
      held.add("one");
      const first = await desk.claim({ ...CALL, claim: "one" });
      desk.settle("key", "one", OUTCOME);
      return [first, await desk.claim({ ...CALL, claim: "two" }), await again().claim({ ...CALL, claim: "three" })];
    });
    expect(states).toEqual([{ state: "first" }, ...Array(2).fill({ state: "settled", outcome: OUTCOME })]);
  });

  it("lets who comes second wait for the end of the first, or for its release", async () => {
    const states = await atDesk(async (desk, held) => {
      held.add("one").add("two");
      await desk.claim({ ...CALL, claim: "one" });
      const second = desk.claim({ ...CALL, claim: "two" });
      desk.release("key", "one");
      const released = await second;
      const third = desk.claim({ ...CALL, claim: "three" });
      setTimeout(() => desk.settle("key", "two", OUTCOME), 10);
      return [released, await third];
    });
    expect(states).toEqual([{ state: "first" }, { state: "settled", outcome: OUTCOME }]);
  });

  it("says that the first still runs when it does for longer than anybody may wait", async () => {
    const second = await atDesk(async (desk, held) => {
      held.add("one");
      await desk.claim({ ...CALL, claim: "one" });
      return desk.claim({ ...CALL, claim: "two" });
    });
    expect(second).toEqual({ state: "running" });
  });

  it("says that nobody knows when the object of the first was lost, and never lets another go", async () => {
    const states = await atDesk(async (desk, _, again) => {
      await desk.claim({ ...CALL, claim: "one" });
      return [await desk.claim({ ...CALL, claim: "two" }), await again().claim({ ...CALL, claim: "three" })];
    });
    expect(states).toEqual([{ state: "unknown" }, { state: "unknown" }]);
  });

  it("takes the outcome of an attempt that was thought lost, and none of another", async () => {
    const states = await atDesk(async (desk) => {
      await desk.claim({ ...CALL, claim: "one" });
      const lost = await desk.claim({ ...CALL, claim: "two" });
      desk.settle("key", "two", { ...OUTCOME, outcome: "error" });
      const still = await desk.claim({ ...CALL, claim: "three" });
      desk.settle("key", "one", OUTCOME);
      return [lost, still, await desk.claim({ ...CALL, claim: "four" })];
    });
    expect(states).toEqual([{ state: "unknown" }, { state: "unknown" }, { state: "settled", outcome: OUTCOME }]);
  });

  it("refuses another call under the key, whatever became of the first", async () => {
    const states = await atDesk(async (desk) => {
      await desk.claim({ ...CALL, claim: "one" });
      const during = await desk.claim({ ...CALL, digest: "another", claim: "two" });
      desk.settle("key", "one", OUTCOME);
      return [during, await desk.claim({ ...CALL, digest: "another", claim: "three" })];
    });
    expect(states).toEqual([{ state: "taken" }, { state: "taken" }]);
  });

  it("keeps outcomes sealed, and says that nobody knows when the secret is gone", async () => {
    const [stored, opened] = await atDesk(async (desk, _, again, sql) => {
      await desk.claim({ ...CALL, claim: "one" });
      desk.settle("key", "one", OUTCOME);
      const rows = JSON.stringify(sql.exec("SELECT * FROM idempotency").toArray());
      return [rows, await again("another secret, as long as the first one").claim({ ...CALL, claim: "two" })];
    });
    expect(stored).not.toContain("Created note");
    expect(opened).toEqual({ state: "unknown" });
  });

  it("lets a key stand for another call when its time is over", async () => {
    const again = await atDesk(async (desk, _, __, sql) => {
      await desk.claim({ ...CALL, claim: "one" });
      desk.settle("key", "one", OUTCOME);
      sql.exec("UPDATE idempotency SET expires_ms = 1");
      return desk.claim({ ...CALL, digest: "another", claim: "two" });
    });
    expect(again).toEqual({ state: "first" });
  });
});
