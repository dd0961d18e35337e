import type { Page } from "playwright-core";
import { tabTo } from "./keyboard.ts";
import { DOCUMENT_URL, startOAuthWorld } from "./oauth-world.ts";
import { agree } from "./person.ts";
import { type Expect, runCheck } from "./run-check.ts";
import { expectSignInFlow } from "./sign-in-flow.ts";
import { expectSignInOnce } from "./sign-in-once.ts";
import { expectSignInPages } from "./sign-in-pages.ts";

// The built Worker as it is deployed, people in Chromium, and an emulator in the place of GitHub: two apps of the SDK's sign people
// in, and others try to.

async function signsPeopleIn(expect: Expect): Promise<void> {
  const world = await startOAuthWorld();
  try {
    await expectSignInPages(expect, world);
    await expectSignInOnce(expect, world);
    await expectSignInFlow(expect, world, REGISTERED);
    await expectSignInFlow(expect, world, DESCRIBED);
  } finally {
    await world.close();
  }
}

const DISCOVERY = ["POST /mcp 401", "GET /.well-known/oauth-protected-resource/mcp 200", "GET /.well-known/oauth-authorization-server 200"];

const REGISTERED = {
  who: "an app that registers",
  login: "mara-lind",
  other: "tomasz-krol",
  facts: ["Tide Tables", "It registered itself; its name is not verified.", "127.0.0.1", "an app on this computer"],
  trail: [...DISCOVERY, "POST /oauth/register 201"],
  async operate(page: Page) {
    await page.getByRole("checkbox", { name: /github:write/ }).click();
    await agree(page);
    await page.getByRole("button", { name: /mara-lind/ }).click();
  }
};

const DESCRIBED = {
  who: "an app with a document, by keyboard",
  login: "tomasz-krol",
  other: "mara-lind",
  documentUrl: DOCUMENT_URL,
  facts: ["Harbour Notes", "client.test verified domain", "127.0.0.1", "an app on this computer"],
  trail: DISCOVERY,
  async operate(page: Page) {
    await tabTo(page, "github:write");
    await page.keyboard.press("Space");
    await tabTo(page, "Continue to GitHub");
    await page.keyboard.press("Enter");
    await page.waitForURL(({ pathname }) => pathname === "/login/oauth/authorize");
    await tabTo(page, "tomasz-krol");
    await page.keyboard.press("Enter");
  }
};

await runCheck(signsPeopleIn);
