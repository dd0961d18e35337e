import type { Page } from "playwright-core";
import { OAuthClient } from "../support/sign-in.ts";
import { takePicture } from "./chromium.ts";
import { type Focused, tabTo } from "./keyboard.ts";
import type { OAuthWorld } from "./oauth-world.ts";
import { openBrowser, PROBLEM } from "./person.ts";
import type { Expect } from "./run-check.ts";

/** The consent page and the problem page, as people see and reach them. */
export async function expectPages(expect: Expect, world: OAuthWorld): Promise<void> {
  const { callback, url } = world;
  const client = await OAuthClient.register(url, { redirect_uris: [callback.redirectUri], client_name: "Tide Tables" });
  const { page, context, complaints } = await openBrowser(world);
  try {
    await expectFits(expect, page, "the consent page", "oauth-consent", client.begin().url);
    await expectKeyboard(expect, page, client.begin().url);
    await expectFits(expect, page, "that of an app with the longest of names", "oauth-consent-long", await longUrl(url));
    expect("Chromium complains of nothing on it", complaints.length === 0, complaints);
    await expectFits(expect, page, "the problem page", "oauth-problem", `${url}/callback?code=made-up&state=made-up`);
    expect("which says what is wrong in words", await page.getByRole("heading", { name: PROBLEM }).count().then(Boolean));
  } finally {
    await context.close();
  }
  await takeDarkPicture(world, client.begin().url);
}

const DESKTOP = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };
const NARROW = { width: 320, height: 640 };

async function expectFits(expect: Expect, page: Page, what: string, picture: string, url: string): Promise<void> {
  await page.setViewportSize(DESKTOP);
  await page.goto(url);
  await takePicture(page, `${picture}-desktop`);
  const seen: Record<string, number> = {};
  for (const size of [PHONE, NARROW]) {
    await page.setViewportSize(size);
    seen[size.width] = await page.locator("html").evaluate((root: { scrollWidth: number }) => root.scrollWidth);
    await takePicture(page, `${picture}-${size.width}`, { fullPage: true });
    if (size === PHONE) await takePicture(page, `${picture}-phone`);
  }
  const fits = Object.entries(seen).every(([width, scrollWidth]) => scrollWidth <= Number(width));
  expect(`${what} scrolls sideways neither at 390 nor at 320 pixels`, fits, seen);
}

async function expectKeyboard(expect: Expect, page: Page, url: string): Promise<void> {
  await page.setViewportSize(DESKTOP);
  await page.goto(url);
  const reached = await tabTo(page, "Deny");
  const names = reached.map(({ name }) => name);
  expect("Tab reaches each box, then Continue, then Deny", names.slice(-2).join() === "Continue to GitHub,Deny" && isAll(reached), names);
  expect(
    "and shows where it is",
    reached.every(({ isOutlined }) => isOutlined),
    reached
  );
  const box = page.getByRole("checkbox", { name: /mcp:delete/ });
  const before = await box.isChecked();
  await page.goto(url);
  await tabTo(page, "mcp:delete");
  await page.keyboard.press("Space");
  expect("Space checks a box", !before && (await box.isChecked()));
  await page.keyboard.press("Enter");
  await page.waitForURL(({ pathname }) => pathname !== "/authorize");
  expect("Enter on a box continues, and does not deny", new URL(page.url()).pathname === "/login/oauth/authorize", page.url().slice(0, 60));
}

const isAll = (reached: readonly Focused[]): boolean =>
  ["mcp:delete", "github:read", "github:write"].every((scope) => reached.filter(({ name }) => name === scope).length === 1);

async function longUrl(url: string): Promise<string> {
  const redirect = `https://${"a-very-long-label-of-a-host-".repeat(2)}x.${"and-another-one-".repeat(3)}x.example/callback`;
  const client = await OAuthClient.register(url, { redirect_uris: [redirect], client_name: "W".repeat(128) });
  return client.begin({ scope: "mcp:use mcp:delete github:read github:write" }).url;
}

async function takeDarkPicture({ chromium }: OAuthWorld, url: string): Promise<void> {
  const context = await chromium.newContext({ viewport: DESKTOP, colorScheme: "dark" });
  const page = await context.newPage();
  await page.goto(url);
  await takePicture(page, "oauth-consent-dark");
  await context.close();
}
