import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Browser, chromium, type Page } from "playwright-core";
import { freePort, npmStart } from "./npm-start.ts";
import { type Expect, runCheck } from "./run-check.ts";

// A person in a browser: the Inspector's page connects to `npm start` and calls two tools, one with progress. And a page of its
// own asks the server directly, which needs CORS to be right.

const INSPECTOR = join(import.meta.dirname, "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js");
const CHROMIUM = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";
const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync"
];
const SHOTS = resolve(import.meta.dirname, "../../.dormouse/verify");
const START_MS = 30_000;

async function servesBrowsers(expect: Expect): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), "dormouse-home-"));
  await mkdir(SHOTS, { recursive: true });
  const server = await npmStart();
  try {
    const inspector = await startInspector(server.mcpUrl, home);
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET });
    try {
      await inspect(expect, await openPage(browser, inspector.url));
      await askDirectly(expect, await openPage(browser, inspector.url), server.mcpUrl);
    } finally {
      await browser.close();
      await inspector.stop();
    }
  } finally {
    await server.terminate();
    await rm(home, { recursive: true, force: true });
  }
}

async function inspect(expect: Expect, page: Page): Promise<void> {
  await page.getByRole("switch", { name: /Connect or disconnect/ }).click({ force: true }); // a label covers the switch
  const main = page.getByRole("main");
  await expectVisible(expect, page, "the Inspector's page connects over Streamable HTTP", () =>
    main.getByText("Connected", { exact: true }).waitFor()
  );

  await page.getByText("Tools", { exact: true }).click();
  await main.getByRole("button", { name: /search_repositories/ }).click();
  await main.getByRole("textbox", { name: "query" }).fill("durable queue");
  await main.getByRole("button", { name: "Execute Tool" }).click();
  await expectVisible(expect, page, "a search shows hazel-works/burrow", () =>
    main
      .getByText(/hazel-works\/burrow \(12438 stars/)
      .first()
      .waitFor()
  );
  await page.screenshot({ path: join(SHOTS, "search.png") });

  await main.getByRole("button", { name: /long_operation/ }).click();
  await main.getByRole("textbox", { name: "steps" }).fill("5");
  await main.getByRole("button", { name: "Execute Tool" }).click();
  await expectVisible(expect, page, "a long operation ends after its progress", () =>
    main
      .getByText(/Took 5 steps in \d+ ms/)
      .first()
      .waitFor()
  );
  await page.screenshot({ path: join(SHOTS, "long-operation.png") });
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

async function expectVisible(expect: Expect, page: Page, sentence: string, appear: () => Promise<void>): Promise<void> {
  try {
    await appear();
    expect(sentence, true);
  } catch (cause) {
    await page.screenshot({ path: join(SHOTS, "failed.png") });
    throw new Error(`${sentence}: it did not. See .dormouse/verify/failed.png`, { cause });
  }
}

async function openPage(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
  page.setDefaultTimeout(15_000);
  await page.goto(url);
  return page;
}

/** Starts the Inspector's own web server; its address holds the token that its page needs. */
async function startInspector(mcpUrl: string, home: string): Promise<{ url: string; stop(): Promise<unknown> }> {
  const ports = { CLIENT_PORT: String(await freePort()), MCP_SANDBOX_PORT: String(await freePort()) };
  const env = { ...process.env, ...ports, HOME: home, MCP_AUTO_OPEN_ENABLED: "false", MCP_INSPECTOR_SECRET_STORE: "memory" };
  const args = [INSPECTOR, "--web", "--transport", "http", "--server-url", mcpUrl];
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "exit");
  const stop = () => {
    child.kill("SIGTERM");
    return ended;
  };
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      printed += chunk;
    });
  }
  for (let waitedMs = 0; waitedMs < START_MS && child.exitCode === null; waitedMs += 100) {
    const [url] = /http:\/\/127\.0\.0\.1:\d+\S*MCP_INSPECTOR_API_TOKEN=\w+/.exec(printed) ?? [];
    if (url !== undefined) return { url, stop };
    await sleep(100);
  }
  child.kill("SIGKILL");
  throw new Error(`The Inspector did not come up.\n${printed}`);
}

await runCheck(servesBrowsers);
