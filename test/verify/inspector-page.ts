import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import { launchChromium, takePicture } from "./chromium.ts";
import { INSPECTOR } from "./inspector-cli.ts";
import { freePort } from "./npm-start.ts";
import type { Expect } from "./run-check.ts";

/** The Inspector's page in Chromium. */
export interface InspectorPage {
  /** Opens the page in a tab of its own, not yet connected. */
  open(): Promise<Page>;
  close(): Promise<void>;
}

/** Starts the Inspector's own web server for one MCP server, and Chromium. */
export async function startInspectorPage(mcpUrl: string, home: string): Promise<InspectorPage> {
  const inspector = await startInspector(mcpUrl, home);
  const browser = await launchChromium().catch(async (cause: unknown) => {
    await inspector.stop();
    throw cause;
  });
  return {
    open: () => openPage(browser, inspector.url),
    async close() {
      await browser.close();
      await inspector.stop();
    }
  };
}

/** Connects the page to its server and shows the tools. */
export async function connectPage(expect: Expect, page: Page): Promise<void> {
  await page.getByRole("switch", { name: /Connect or disconnect/ }).click({ force: true }); // a label covers the switch
  await expectVisible(expect, page, "the Inspector's page connects over Streamable HTTP", () =>
    page.getByRole("main").getByText("Connected", { exact: true }).waitFor()
  );
  await page.getByText("Tools", { exact: true }).click();
}

/** States that something appears; if it does not, the check ends there, with a picture of the page. */
export async function expectVisible(expect: Expect, page: Page, sentence: string, appear: () => Promise<void>): Promise<void> {
  try {
    await appear();
    expect(sentence, true);
  } catch (cause) {
    await takePicture(page, "failed");
    throw new Error(`${sentence}: it did not. See .dormouse/verify/failed.png`, { cause });
  }
}

const START_MS = 30_000;

async function openPage(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
  page.setDefaultTimeout(15_000);
  await page.goto(url);
  return page;
}

/** Its address holds the token that its page needs. */
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
