import type { BrowserContext, Page } from "playwright-core";
import type { OAuthWorld } from "./oauth-world.ts";

/** Somebody in front of a browser of their own: its cookies are nobody else's. */
export interface Person {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What the browser's console says is wrong with the pages, since the beginning. */
  readonly complaints: readonly string[];
}

/** What a page of the server's shows at a glance. */
export interface Seen {
  readonly status: number;
  readonly heading: string;
  readonly message: string;
}

/** Opens a browser with one empty page. */
export async function openBrowser({ chromium }: OAuthWorld, viewport = { width: 1280, height: 900 }): Promise<Person> {
  const context = await chromium.newContext({ viewport });
  context.setDefaultTimeout(TIMEOUT_MS);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => void complaints.push(String(error)));
  return { page, context, complaints };
}

/** Agrees on the consent page, and waits for GitHub's. */
export async function agree(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Continue to GitHub" }).click();
  await page.waitForURL(({ pathname }) => pathname === "/login/oauth/authorize");
}

/** Signs in as somebody on GitHub's page, and waits until the app is called back. */
export async function signInAs(page: Page, login: string, { callback }: OAuthWorld): Promise<URLSearchParams> {
  await page.getByRole("button", { name: new RegExp(login) }).click();
  return calledBack(page, callback);
}

/** Waits until the browser is back at the app, and says with what. */
export async function calledBack(page: Page, callback: OAuthWorld["callback"]): Promise<URLSearchParams> {
  await page.waitForURL(({ href }) => href.startsWith(callback.redirectUri));
  const [first = new URLSearchParams()] = callback.take();
  return first;
}

/** Does something that leads to another page of the server's, and tells what that is. */
export async function seeAfter(page: Page, act: () => Promise<unknown>): Promise<Seen> {
  let status = 0;
  page.on("response", (response) => {
    status = response.status();
  });
  await act();
  const main = page.getByRole("main");
  return { status, heading: await main.getByRole("heading").innerText(), message: await main.locator("p").first().innerText() };
}

/** What the problem page says in large letters. */
export const PROBLEM = "This sign-in cannot go on";

const TIMEOUT_MS = 15_000;
