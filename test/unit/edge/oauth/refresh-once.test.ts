import { createExecutionContext } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DEFAULTS } from "../../../../src/config.ts";
import { refreshOnce } from "../../../../src/edge/oauth/refresh-once.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

let tokens = 0;

/** Asks for a refresh with a token that no other test has, unless it is given. */
const refresh = (token = `1:2:${++tokens}`) => `grant_type=refresh_token&client_id=a-client&refresh_token=${token}`;

/** Until what was asked has reached the endpoint. */
const underWay = () => new Promise((resolve) => setTimeout(resolve, 20));

const CLOSED = { "cache-control": "no-store" };

/** A token endpoint that answers when it is told to, each time with something else. */
function endpoint(status = 200) {
  const { promise, resolve } = Promise.withResolvers<void>();
  let served = 0;
  const ask = async (body: string, headers: Record<string, string> = {}) => {
    const request = new Request("http://localhost/oauth/token", { method: "POST", headers, body });
    const response = await refreshOnce(request, createExecutionContext(), async () => {
      const token = ++served;
      await promise;
      return Response.json({ token, refresh_token: `${body}-${token}` }, { status, headers: CLOSED });
    });
    const { token, refresh_token } = await response.json<{ token: number; refresh_token: string }>();
    return { status: response.status, caching: response.headers.get("cache-control"), token, refresh_token };
  };
  return { ask, answer: resolve };
}

const FIRST = { status: 200, caching: "no-store", token: 1, refresh_token: expect.any(String) };

describe("a refresh", () => {
  it("that is asked for twice at once is done once, and answered to both", async () => {
    const [{ ask, answer }, body] = [endpoint(), refresh()];
    const asked = [ask(body), ask(body)];
    answer();
    expect(await Promise.all(asked)).toEqual([FIRST, FIRST]);
  });

  it("is answered the same a moment later, and done again after that: what was lost may be asked for", async () => {
    const [{ ask, answer }, body] = [endpoint(), refresh()];
    answer();
    expect(await ask(body)).toEqual(FIRST);
    vi.setSystemTime(Date.now() + DEFAULTS.oauth.refreshKeptMs - 1);
    expect(await ask(body)).toEqual(FIRST);
    vi.setSystemTime(Date.now() + 1);
    expect(await ask(body)).toMatchObject({ token: 2 });
  });

  it("is done once, however long GitHub takes to answer the first", async () => {
    const [{ ask, answer }, body] = [endpoint(), refresh()];
    const first = ask(body);
    await underWay();
    vi.setSystemTime(Date.now() + DEFAULTS.oauth.upstreamMs - 1);
    const second = ask(body);
    await underWay();
    answer();
    expect(await Promise.all([first, second])).toEqual([FIRST, FIRST]);
    expect(await ask(body)).toEqual(FIRST);
  });

  it("whose answer does not come any more is done again", async () => {
    const [{ ask }, { ask: askAgain, answer }, body] = [endpoint(), endpoint(), refresh()];
    void ask(body);
    await underWay();
    vi.setSystemTime(Date.now() + 3 * DEFAULTS.oauth.upstreamMs);
    answer();
    expect(await askAgain(body)).toEqual(FIRST);
  });

  it("is done again when what it gave has been used: the token before is worth nothing from then on", async () => {
    const [{ ask, answer }, body] = [endpoint(), refresh()];
    answer();
    const { refresh_token } = await ask(body);
    await ask(refresh(encodeURIComponent(refresh_token)));
    expect(await ask(body)).toMatchObject({ token: 3 });
  });

  it("that was refused is done again at once", async () => {
    const [{ ask, answer }, body] = [endpoint(503), refresh()];
    answer();
    expect([(await ask(body)).token, (await ask(body)).token]).toEqual([1, 2]);
  });

  it("that broke off fails for both, and is done again at once", async () => {
    const body = refresh();
    const request = () => new Request("http://localhost/oauth/token", { method: "POST", body });
    const fail = () => refreshOnce(request(), createExecutionContext(), () => Promise.reject(new Error("KV is away")));
    expect((await Promise.allSettled([fail(), fail()])).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    const { ask, answer } = endpoint();
    answer();
    expect(await ask(body)).toEqual(FIRST);
  });

  it.each([
    { what: "another token", change: (body: string) => `${body}x`, headers: {} },
    { what: "another client", change: (body: string) => body.replace("a-client", "b-client"), headers: {} },
    { what: "other credentials", change: (body: string) => body, headers: { authorization: "Basic YTpi" } },
    { what: "a page of another origin", change: (body: string) => body, headers: { origin: "https://app.example" } }
  ])("is not shared with $what", async ({ change, headers }) => {
    const [{ ask, answer }, body] = [endpoint(), refresh()];
    answer();
    expect([(await ask(body)).token, (await ask(change(body), headers)).token]).toEqual([1, 2]);
  });
});

it("a code is never redeemed for two", async () => {
  const { ask, answer } = endpoint();
  answer();
  const body = "grant_type=authorization_code&client_id=a-client&code=1:2:three";
  expect([(await ask(body)).token, (await ask(body)).token]).toEqual([1, 2]);
});
