import type { Page } from "playwright-core";
import { OAuthClient } from "../support/sign-in.ts";
import { takePicture } from "./chromium.ts";
import { tabTo } from "./keyboard.ts";
import { COPY_URL, DOCUMENT_URL, type OAuthWorld } from "./oauth-world.ts";
import { openBrowser, PROBLEM, seeAfter } from "./person.ts";
import type { Expect } from "./run-check.ts";

/** The consent page and the problem page, as people see and reach them. */
export async function expectSignInPages(expect: Expect, world: OAuthWorld): Promise<void> {
  const { callback, url } = world;
  const client = await OAuthClient.register(url, { redirect_uris: [callback.redirectUri], client_name: "Tide Tables" });
  const { page, context, complaints } = await openBrowser(world);
  try {
    const described = OAuthClient.at(url, DOCUMENT_URL, callback.redirectUri);
    await expectFits(expect, page, "the consent page", "oauth-consent", described.begin().url);
    await expectKeyboard(expect, page, client.begin().url);
    await expectFits(expect, page, "that of an app with the longest of names", "oauth-consent-long", await longUrl(url));
    expect("Chromium complains of nothing on it", complaints.length === 0, complaints);
    await expectVerified(expect, world, page);
    await expectFits(expect, page, "the problem page", "oauth-problem", `${url}/callback?code=made-up&state=made-up`);
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
  expect("Tab reaches each box, those that the app asks for first, then Continue, then Deny", names.join() === TAB_ORDER.join(), names);
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
  const { pathname, searchParams } = new URL(page.url());
  expect("Enter on a box continues, and does not deny", pathname === "/login/oauth/authorize", pathname);
  expect("GitHub is asked for nobody's repositories, unless the person has added writing", searchParams.get("scope") === "read:user");
}

const TAB_ORDER = ["github:read", "mcp:delete", "github:write", "Continue to GitHub", "Deny"];

/** What an app says of itself counts only where it is its own address that says so. */
async function expectVerified(expect: Expect, { url, callback }: OAuthWorld, page: Page): Promise<void> {
  for (const [what, documentUrl] of Object.entries({ "a copy of another's": COPY_URL, no: "https://nobody.test/mcp.json" })) {
    const { url: begun } = OAuthClient.at(url, documentUrl, callback.redirectUri).begin();
    const seen = await seeAfter(page, () => page.goto(begun));
    expect(`an app whose address holds ${what} document is refused with a page`, seen.status === 400 && seen.heading === PROBLEM, seen);
  }
}

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
