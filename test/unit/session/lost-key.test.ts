import { abortAllDurableObjects, reset } from "cloudflare:test";
import { afterEach, expect, it } from "vitest";
import { readMessages } from "../../support/session.ts";
import { envelope, toHeaders } from "../../support/stateless.ts";
import { begin, send } from "./in-worker.ts";

afterEach(() => reset());

const LONG = { name: "long_operation", arguments: { steps: 100, delayMs: 100 } };
const KEY = { "dormouse/idempotency-key": "lost" };

const inSession = (id: string) => send("POST", id, { id: 1, method: "tools/call", params: { ...LONG, _meta: KEY } });

const withoutSession = () =>
  send(
    "POST",
    undefined,
    { id: 1, method: "tools/call", params: { ...LONG, _meta: { ...envelope(), ...KEY } } },
    toHeaders("tools/call", LONG)
  );

it.each([
  ["a session", async () => inSession(await begin())],
  ["the stateless era", withoutSession]
])("is told that nobody knows, whoever repeats a call whose object was lost in %s", async (_, start) => {
  start().catch(() => {});
  const listed = async () =>
    (await send("POST", await begin(), { id: 2, method: "tools/call", params: { name: "list_calls", arguments: {} } })).text();
  await new Promise((resolve) => setTimeout(resolve, 300)); // it runs, and its key is claimed
  await abortAllDurableObjects();
  for (const again of [await inSession(await begin()), await withoutSession()]) {
    const answer = (await readMessages(again)).at(-1);
    expect(answer?.result).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining("nobody knows what became of it. It was not sent again.") }],
      _meta: { "dormouse/replayed": true }
    });
  }
  expect(await listed()).not.toContain('"running"');
});
