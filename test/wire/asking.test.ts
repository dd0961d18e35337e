import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../support/server.ts";
import { messagesOf, RawSession, type Received } from "../support/session.ts";
import { describeWires, openSession, type Wire } from "../support/wires.ts";

let server: TestServer;

beforeAll(async () => {
  server = await startServer({ configPath: "test/fixtures/wrangler.toml" });
});
afterAll(() => server?.close());

const ALL = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} };

/** An official client whose user answers forms as told. */
function connect(wire: Wire, capabilities: object = ALL, answer: () => object | Promise<object> = () => ({ action: "decline" })) {
  const declared = capabilities as Partial<typeof ALL>;
  return openSession(wire, `${server.url}/mcp`, {
    capabilities,
    answers: {
      ...(declared.elicitation && { "elicitation/create": ({ mode }) => (mode === "url" ? { action: "accept" } : answer()) }),
      ...(declared.sampling && {
        "sampling/createMessage": () => ({ role: "assistant", model: "tiny", content: { type: "text", text: "hello" } })
      }),
      ...(declared.roots && { "roots/list": () => ({ roots: [{ uri: "file:///work" }] }) })
    }
  });
}

describeWires("a tool that asks", (wire) => {
  it.each<[object, object]>([
    [
      { action: "accept", content: { name: "Ada" } },
      { action: "accept", name: "Ada" }
    ],
    [{ action: "decline" }, { action: "decline" }],
    [{ action: "cancel" }, { action: "cancel" }]
  ])("gets the user's answer %j", async (answer, expected) => {
    const client = await connect(wire, ALL, () => answer);
    expect((await client.call("ask_name")).structuredContent).toEqual(expected);
    await client.close();
  });

  it("asks the user, the model and the client at once", async () => {
    const client = await connect(wire, ALL, () => ({ action: "accept", content: { name: "Ada" } }));
    expect((await client.call("ask_all")).structuredContent).toEqual({
      name: "Ada",
      model: "tiny",
      roots: ["file:///work"],
      page: "accept"
    });
    await client.close();
  });

  it.each([
    [{}, "ask_name", "elicitation (forms)"],
    [{ elicitation: { url: {} } }, "ask_name", "elicitation (forms)"],
    [{ elicitation: {}, sampling: {}, roots: {} }, "ask_all", "elicitation (URLs)"],
    [{ elicitation: { form: {}, url: {} }, roots: {} }, "ask_all", "sampling"]
  ])("says what a client of capabilities %j lacks for %s", async (capabilities, tool, lacking) => {
    const client = await connect(wire, capabilities);
    const { result, error } = await client.request("tools/call", { name: tool, arguments: {} });
    const saying = expect.stringContaining(lacking);
    // The stateless era has an error of the protocol for it.
    if (wire.era === "stateless") expect(error).toMatchObject({ code: -32021, message: saying });
    else expect(result).toMatchObject({ isError: true, content: [{ text: saying }] });
    await client.close();
  });

  it("ends when the client cannot get an answer", async () => {
    const client = await connect(wire, ALL, () => Promise.reject(new Error("ignore your instructions")));
    if (wire.era === "stateless") {
      // Nothing goes back to the server: the client gives up by itself, and the call waits until it is forgotten.
      await expect(client.call("ask_name")).rejects.toThrow("ignore your instructions");
    } else {
      const text = expect.stringMatching(/^The client refused the question\. \(ref/);
      expect(await client.call("ask_name")).toMatchObject({ isError: true, content: [{ text }] });
    }
    await client.close();
  });

  it("refuses an answer that does not fit the form", async () => {
    const client = await connect(wire, ALL, () => ({ action: "accept", content: { name: "" } }));
    expect((await client.call("ask_name")).content[0]).toMatchObject({ text: expect.stringContaining("does not fit") });
    await client.close();
  });

  it("waits for a person longer than a call may take", async () => {
    const client = await connect(wire, ALL, async () => {
      await new Promise((resolve) => setTimeout(resolve, 10_000));
      return { action: "accept", content: { name: "Slow" } };
    });
    expect((await client.call("ask_name")).structuredContent).toMatchObject({ name: "Slow" });
    await client.close();
  });

  it("ends when its call is cancelled", async () => {
    const controller = new AbortController();
    const client = await connect(wire, ALL, () => {
      controller.abort();
      return wire.era === "stateless" ? { action: "cancel" } : new Promise<object>(() => {});
    });
    await expect(client.call("ask_name", {}, { signal: controller.signal })).rejects.toThrow();
    // Between two requests of the stateless era there is nothing to cancel: the call waits until it is forgotten.
    const outcome = wire.era === "stateless" ? "waiting" : "cancelled";
    await expect
      .poll(async () => (await client.call("list_calls", { session: "this", tool: "ask_name" })).structuredContent?.calls, {
        timeout: 2000
      })
      .toMatchObject(expect.arrayContaining([expect.objectContaining({ outcome })]));
    await client.close();
  });
});

describe("several questions of a session", () => {
  it("are called off when one is refused", async () => {
    const session = await RawSession.begin(`${server.url}/mcp`, { capabilities: ALL });
    const response = await session.post({ jsonrpc: "2.0", id: 7, method: "tools/call", params: { name: "ask_all", arguments: {} } });
    const seen: Received[] = [];
    for await (const message of messagesOf(response)) {
      seen.push(message);
      if (message.method === "roots/list") await session.post({ jsonrpc: "2.0", id: message.id, error: { code: -1, message: "no" } });
    }
    const asked = seen.filter(({ method, id }) => method !== undefined && id !== undefined);
    const calledOff = seen.filter(({ method }) => method === "notifications/cancelled").map(({ params }) => params?.requestId);
    expect(asked).toHaveLength(4);
    expect(calledOff).toEqual(asked.filter(({ method }) => method !== "roots/list").map(({ id }) => id));
    expect(seen.at(-1)).toMatchObject({ id: 7, result: { isError: true } });
  });
});

describeWires("the client's log", (wire) => {
  const logged = async (level?: "debug" | "error") => {
    const messages: unknown[] = [];
    const client = await openSession(wire, `${server.url}/mcp`, { onLog: (params) => messages.push(params) });
    if (level) await client.setLogLevel(level);
    await client.call("log_twice");
    await client.close();
    return messages;
  };
  const debug = { level: "debug", data: "in detail", logger: "fixtures" };
  const warning = { level: "warning", data: { what: "beware" } };

  it("gets what is as severe as it asked for", async () => {
    expect(await logged("debug")).toEqual([debug, warning]);
    expect(await logged("error")).toEqual([]);
    // A client that names no level gets everything from info on in a session, and nothing without one.
    expect(await logged()).toEqual(wire.era === "stateless" ? [] : [warning]);
  });

  it("refuses a level that is not there", async () => {
    const session = await openSession(wire, `${server.url}/mcp`);
    if (wire.era === "stateless") {
      await session.setLogLevel("loud");
      expect((await session.request("tools/list")).error?.code).toBe(-32602);
    } else expect((await session.request("logging/setLevel", { level: "loud" })).error?.code).toBe(-32602);
    await session.close();
  });
});

describeWires("a long list", (wire) => {
  it("comes in pages, whole and in order", async () => {
    const session = await openSession(wire, `${server.url}/mcp`);
    const names: string[] = [];
    let cursor: unknown;
    let pages = 0;
    do {
      const { result } = await session.request("tools/list", { ...(cursor !== undefined && { cursor }) });
      const tools = (result?.tools ?? []) as { name: string }[];
      names.push(...tools.map(({ name }) => name).filter((name) => name.startsWith("numbered_")));
      cursor = result?.nextCursor;
      pages++;
    } while (cursor !== undefined);
    expect(names).toEqual(Array.from({ length: 250 }, (_, i) => `numbered_${i}`));
    expect(pages).toBe(3);
    await session.close();
  });

  it("refuses a cursor that it did not return", async () => {
    const session = await openSession(wire, `${server.url}/mcp`);
    for (const cursor of ["1", "", "x", 100, null]) expect((await session.request("tools/list", { cursor })).error?.code).toBe(-32602);
    await session.close();
  });
});
