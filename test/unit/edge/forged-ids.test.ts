import { listDurableObjectIds, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, it } from "vitest";
import { openState } from "../../../src/mcp/requests/request-state.ts";
import { mintHandle, readHandle } from "../../../src/mcp/signed/handle.ts";
import { createKeyring } from "../../../src/mcp/signed/keyring.ts";
import { mintSessionId, readSessionId, verifySessionId } from "../../../src/mcp/signed/session-id.ts";
import { keyring, STATE_TOOL, stateOf } from "../isolation/belongings.ts";
import { connect, textOf, UPGRADE } from "../isolation/client.ts";
import { begin, createPrincipal, send } from "../session/in-worker.ts";

// An id or a handle that was changed by one letter or one bit, cut, made longer, or made by another server, names nothing.

afterEach(() => reset());

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";

/** Every text that differs from one in one letter, by what a bit of base64 and a letter of base32 can become. */
const changed = (text: string): string[] =>
  [...text].flatMap((letter, place) =>
    [...ALPHABET].filter((other) => other !== letter).map((other) => text.slice(0, place) + other + text.slice(place + 1))
  );

const misshapen = (text: string): string[] => [
  "",
  text.slice(0, -1),
  text.slice(1),
  `${text}A`,
  `${text}=`,
  `${text}\n`,
  ` ${text}`,
  text + text,
  text.padEnd(100_000, "A"),
  text.toUpperCase()
];

/** Of all that may be changed in an id, each so manyth is sent: at another place, and another letter. */
const STEP = 401;

const OTHER = createKeyring("a secret of another server, as long as ours is");
const ALICE = "github:1";

it("refuses a session id with any letter changed, and any that another server or for another was minted", () => {
  const init = { issuedMs: Date.now(), revision: "2025-11-25", capabilities: {}, client: { name: "forged", version: "1" } };
  const id = mintSessionId(keyring(), ALICE, init);
  const name = readSessionId(id).name;
  expect(verifySessionId(keyring(), ALICE, id, Date.now())).toBeDefined();
  const others = [mintSessionId(OTHER, ALICE, init, name), mintSessionId(keyring(), "github:11", init, name)];
  const [kid = ""] = id.split(".");
  const relabelled = others.map((other) => kid + other.slice(kid.length));
  const forged = [...changed(id), ...misshapen(id), ...others, ...relabelled];
  expect(forged.filter((text) => verifySessionId(keyring(), ALICE, text, Date.now()) !== undefined)).toEqual([]);
});

it.each(["call", "ses", "run"] as const)(
  "refuses a handle of a %s with any letter changed, of another kind, owner, number or server",
  (kind) => {
    const handle = { kind, owner: "3kx9q2mf", seq: 42_000_000 };
    const text = mintHandle(keyring(), ALICE, handle);
    expect(readHandle(keyring(), ALICE, text)).toEqual(handle);
    const [, owner, seq, mac] = text.split("_");
    const kinds = ["call", "ses", "run"].filter((other) => other !== kind).map((other) => [other, owner, seq, mac].join("_"));
    const others = [mintHandle(OTHER, ALICE, handle), mintHandle(keyring(), "github:11", handle)];
    // The seal has 20 bits, so a few of a million guesses would be genuine; what they would name is their own principal's.
    const forged = [...changed(text), ...misshapen(text), ...kinds, ...others];
    expect(forged.filter((guess) => readHandle(keyring(), ALICE, guess) !== undefined)).toEqual([]);
  }
);

it("refuses a requestState with any letter changed, of another principal, request or server", () => {
  const state = stateOf(ALICE);
  const owner = { principalId: ALICE, method: "tools/call", params: STATE_TOOL };
  const opens = (text: string, of = owner) => openState(keyring(), of, text, Date.now()) !== undefined;
  expect(opens(state)).toBe(true);
  expect([...changed(state), ...misshapen(state), stateOf("github:11")].filter((text) => opens(text))).toEqual([]);
  expect(opens(state, { ...owner, method: "prompts/get" })).toBe(false);
  expect(opens(state, { ...owner, params: { ...STATE_TOOL, arguments: { limit: 2 } } as never })).toBe(false);
});

it("makes no object for any of them, and answers all alike", { timeout: 60_000 }, async () => {
  const { headers, ...alice } = await createPrincipal();
  const client = await connect("stateless", { headers, ...alice });
  await client.ask("tools/call", { name: "list_calls", arguments: {} });
  const count = async () => (await listDurableObjectIds(env.SESSION)).length + (await listDurableObjectIds(env.HOME)).length;
  const before = await count();
  const id = await begin(headers); // not used: it makes no object either
  const answers = new Set<string>();
  const sendable = misshapen(id).filter((text) => text !== "" && text.trim() === text && text.length < 10_000);
  const flipped = changed(id).filter((_, index) => index % STEP === 0);
  for (const forged of [...sendable, ...flipped]) {
    for (const [method, message, more] of [
      ["POST", { id: 1, method: "tools/list" }, {}],
      ["GET", undefined, {}],
      ["GET", undefined, UPGRADE],
      ["DELETE", undefined, {}]
    ] as const)
      answers.add(await textOf(await send(method, forged, message, { ...headers, ...more }), method));
  }
  expect([...answers]).toEqual([expect.stringMatching(/^404\n[\s\S]*"code":-32001/)]);
  expect(await count()).toBe(before);
});
