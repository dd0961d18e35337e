import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { takePicture } from "./chromium.ts";
import { connectPage, expectVisible, startInspectorPage } from "./inspector-page.ts";
import { npmStart } from "./npm-start.ts";
import { type Expect, runCheck } from "./run-check.ts";

// A person in a browser: the Inspector's page connects to `npm start` and calls two tools, one with progress. And a page of its
// own asks the server directly, which needs CORS to be right.

async function servesBrowsers(expect: Expect): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), "dormouse-home-"));
  const server = await npmStart();
  try {
    const inspector = await startInspectorPage(server.mcpUrl, home);
    try {
      await inspect(expect, await inspector.open());
      await askDirectly(expect, await inspector.open(), server.mcpUrl);
    } finally {
      await inspector.close();
    }
  } finally {
    await server.terminate();
    await rm(home, { recursive: true, force: true });
  }
}

async function inspect(expect: Expect, page: Page): Promise<void> {
  await connectPage(expect, page);
  const main = page.getByRole("main");
  await main.getByRole("button", { name: /search_repositories/ }).click();
  await main.getByRole("textbox", { name: "query" }).fill("durable queue");
  await main.getByRole("button", { name: "Execute Tool" }).click();
  await expectVisible(expect, page, "a search shows hazel-works/burrow", () =>
    main
      .getByText(/hazel-works\/burrow \(12438 stars/)
      .first()
      .waitFor()
  );
  await takePicture(page, "search");

  await main.getByRole("button", { name: /long_operation/ }).click();
  await main.getByRole("textbox", { name: "steps" }).fill("5");
  await main.getByRole("button", { name: "Execute Tool" }).click();
  await expectVisible(expect, page, "a long operation ends after its progress", () =>
    main
      .getByText(/Took 5 steps in \d+ ms/)
      .first()
      .waitFor()
  );
  await takePicture(page, "long-operation");
}

/** A page of a loopback origin calls the server itself, and may read the id of its session. */
async function askDirectly(expect: Expect, page: Page, mcpUrl: string): Promise<void> {
  const seen = await page.evaluate(async (url) => {
    const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
    const send = (message: object, more: Record<string, string> = {}) =>
      fetch(url, { method: "POST", headers: { ...headers, ...more }, body: JSON.stringify({ jsonrpc: "2.0", id: 1, ...message }) });
    const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "page", version: "1" } };
    const session = (await send({ method: "initialize", params })).headers.get("mcp-session-id") ?? "";
    const call = { method: "tools/call", params: { name: "list_calls", arguments: {} } };
    const answered = await send(call, { "mcp-session-id": session, "mcp-protocol-version": "2025-11-25" });
    return { hasSession: session !== "", text: await answered.text() };
  }, mcpUrl);
  expect("a page of another loopback origin calls a tool itself", seen.hasSession && seen.text.includes('"calls":[]'), seen);
}

await runCheck(servesBrowsers);
