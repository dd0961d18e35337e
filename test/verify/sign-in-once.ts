import type { Cookie, Page } from "playwright-core";
import { startLocalServer } from "../../scripts/upstreams/local-server.ts";
import { OAuthClient } from "../support/sign-in.ts";
import type { OAuthWorld } from "./oauth-world.ts";
import { agree, calledBack, openBrowser, type Person, PROBLEM, type Seen, seeAfter, signInAs } from "./person.ts";
import type { Expect } from "./run-check.ts";

/** A decision and a return from GitHub count once, in the browser that was asked, and on a page that is nobody's frame. */
export async function expectSignInOnce(expect: Expect, world: OAuthWorld): Promise<void> {
  const client = await OAuthClient.register(world.url, { redirect_uris: [world.callback.redirectUri], client_name: "Once" });
  const [person, stranger] = [await openBrowser(world), await openBrowser(world)];
  try {
    await expectDenied(expect, world, client, person);
    await expectDecidedOnce(expect, world, client, person, stranger);
    await expectFinishedOnce(expect, world, client, person, stranger);
    await expectNoFrame(expect, client, person.page);
  } finally {
    for (const { context } of [person, stranger]) await context.close();
  }
}

async function expectDenied(expect: Expect, { url, callback }: OAuthWorld, client: OAuthClient, { page }: Person): Promise<void> {
  const begun = client.begin();
  await page.goto(begun.url);
  await page.getByRole("button", { name: "Deny" }).click();
  const back = await calledBack(page, callback);
  const isDenied = back.get("error") === "access_denied" && back.get("state") === begun.state && back.get("iss") === url;
  expect("who denies is back at the app, which is told access_denied and gets no code", isDenied && !back.has("code"), String(back));
}

async function expectDecidedOnce(expect: Expect, world: OAuthWorld, client: OAuthClient, person: Person, stranger: Person): Promise<void> {
  const { page, context } = person;
  await page.goto(client.begin().url);
  const handle = await page.locator(HANDLE).inputValue();
  const cookies = await context.cookies();
  const bound = cookies.find(({ name }) => name.startsWith("__Host-oauth-consent-"));
  const isBound = bound?.secure === true && bound.httpOnly && bound.sameSite === "Lax" && bound.path === "/";
  expect("Chromium keeps the page's __Host- cookie at http://127.0.0.1: Secure, HttpOnly, SameSite=Lax", isBound, bound?.name);

  const strange = await decideWith(stranger.page, client, handle);
  expect("another browser cannot decide with the handle of this page", isRefused(strange) && isForeign(strange), strange);
  await agree(page);
  expect("which then still leads its own browser to GitHub", page.url().startsWith(world.github.url));

  await page.goBack();
  const second = await page.locator(HANDLE).inputValue();
  expect("the Back button shows the page afresh, with another handle", second !== handle && second !== "");
  await agree(page);
  expect("whose decision counts for itself", page.url().startsWith(world.github.url));
  await expectReplaysRefused(expect, client, person, handle, cookies);
}

/** The form of before, with the cookies of before: what a form that is sent twice, or a recorded request, amounts to. */
async function expectReplaysRefused(expect: Expect, client: OAuthClient, { page, context }: Person, handle: string, cookies: Cookie[]) {
  const again = await decideWith(page, client, handle);
  expect("a decision that is sent twice is refused with a page", isRefused(again), again);
  await context.addCookies(cookies);
  const replayed = await decideWith(page, client, handle);
  expect("even with the cookies that it was sent with", isRefused(replayed) && replayed.message.includes("taken already"), replayed);
}

async function expectFinishedOnce(expect: Expect, world: OAuthWorld, client: OAuthClient, person: Person, stranger: Person): Promise<void> {
  const { page } = person;
  await page.goto(client.begin().url);
  await agree(page);
  const returnUrl = await answerOfGitHub(page, "ana-ferreira");
  const strange = await seeAfter(stranger.page, () => stranger.page.goto(returnUrl));
  expect("another browser cannot finish with GitHub's answer to this one", isRefused(strange) && isForeign(strange), strange);
  await page.goto(returnUrl);
  const back = await calledBack(page, world.callback);
  const redeemed = await client.redeem(back.get("code") ?? "", "not-the-verifier-of-this-app-0123456789-0123456789");
  expect("which then still finishes in its own browser", back.has("code"), [...back.keys()]);
  expect("the code is worth nothing without the app's verifier", redeemed.status === 400, redeemed.status);
  const again = await seeAfter(page, () => page.goto(returnUrl));
  expect("GitHub's answer, opened again, is refused with a page", isRefused(again), again);
  expect("and calls no app back", world.callback.take().length === 0);
  await page.goto(client.begin().url);
  await agree(page);
  const signedIn = await signInAs(page, "ana-ferreira", world);
  expect("who starts again from the app gets in", signedIn.has("code"), [...signedIn.keys()]);
}

/** Where GitHub would send the browser after a click on a person: taken from it before it gets there. */
async function answerOfGitHub(page: Page, login: string): Promise<string> {
  const fields = await page
    .locator(`form:has(input[name=login][value=${login}]) input`)
    .evaluateAll((inputs: { name: string; value: string }[]) => inputs.map(({ name, value }) => [name, value]));
  const action = new URL("/login/oauth/callback", page.url());
  const response = await fetch(action, { method: "POST", body: new URLSearchParams(fields), redirect: "manual" });
  return response.headers.get("location") ?? "";
}

/** Opens a page of one's own and sends its form with the handle of another. */
async function decideWith(page: Page, client: OAuthClient, handle: string): Promise<Seen> {
  await page.goto(client.begin().url);
  await page.locator(HANDLE).evaluate((input: { value: string }, value) => {
    input.value = value;
  }, handle);
  return seeAfter(page, async () => {
    await page.getByRole("button", { name: "Continue to GitHub" }).click();
    await page.getByRole("heading", { name: PROBLEM }).waitFor();
  });
}

const HANDLE = "input[name=handle]";

const isRefused = ({ status, heading }: Seen): boolean => status === 400 && heading === PROBLEM;

const isForeign = ({ message }: Seen): boolean => message.includes("began in another browser");

async function expectNoFrame(expect: Expect, client: OAuthClient, page: Page): Promise<void> {
  const said: string[] = [];
  page.on("console", (message) => void said.push(message.text()));
  const { url } = client.begin();
  const site = await startLocalServer((request, response) => {
    const frames = `<iframe name="ours" src="${url.replaceAll("&", "&amp;")}"></iframe><iframe name="control" src="/control"></iframe>`;
    response.writeHead(200, { "content-type": "text/html" }).end(request.url === "/" ? frames : "<form>a frame</form>");
  });
  try {
    await page.goto(site.url);
    const [ours, control] = await Promise.all(
      ["ours", "control"].map(async (name) => {
        const frame = page.frame({ name });
        return { url: frame?.url(), forms: await frame?.locator("form").count() };
      })
    );
    const isEmpty = ours?.forms === 0 && ours.url?.startsWith("chrome-error:") === true && control?.forms === 1;
    expect("a page of another origin frames itself, but not the consent page", isEmpty, { ours, control });
    const reason = said.find((text) => /frame-ancestors|X-Frame-Options/i.test(text));
    expect("and Chromium says that the page forbids it", reason !== undefined, reason ?? said);
  } finally {
    await site.close();
  }
}
