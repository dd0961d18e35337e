import { describe, expect, it } from "vitest";
import { html } from "../../../../src/edge/oauth/html.ts";
import { renderPage, respondWithPage } from "../../../../src/edge/oauth/page.ts";
import { HOSTILE_TEXTS, readOutline, readShape } from "./outline.ts";

const PAGE = renderPage({ title: "Title", serverHost: "dormouse.example", content: html`<p>content</p>` });

async function hashOfStyle(page: string): Promise<string> {
  const style = page.slice(page.indexOf("<style>") + "<style>".length, page.indexOf("</style>"));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(style));
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}

describe("the frame of a page", () => {
  it.each(HOSTILE_TEXTS)("keeps %s a text, in the title and beside the name", async (text) => {
    const hostile = renderPage({ title: text, serverHost: text, content: html`<p>content</p>` });
    expect(await readShape(hostile)).toEqual(await readShape(PAGE));
  });

  it("names its language and fits a phone", async () => {
    const elements = await readOutline(PAGE);
    expect(elements).toContainEqual({ name: "html", attributes: { lang: "en" } });
    expect(elements).toContainEqual({ name: "meta", attributes: { name: "viewport", content: "width=device-width, initial-scale=1" } });
  });

  it("runs no script, has no style of an element and loads nothing", async () => {
    const elements = await readOutline(PAGE);
    const names = elements.flatMap(({ name, attributes }) => [name, ...Object.keys(attributes)]);
    expect(names.filter((name) => /^(script|link|img|iframe|style|src|href|on.*)$/.test(name))).toEqual(["style"]);
    expect(PAGE.toString()).not.toMatch(/url\(|@import/);
  });
});

describe("the answer with a page", () => {
  it("is html that is neither stored, nor framed, nor lent to another origin", () => {
    const { status, headers } = respondWithPage(PAGE, 400);
    const { "content-security-policy": policy, ...others } = Object.fromEntries(headers);
    expect(status).toBe(400);
    expect(others).toEqual({
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "referrer-policy": "same-origin",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY"
    });
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/]{43}='; base-uri 'none'; frame-ancestors 'none'$/);
  });

  it("allows the one style that it holds", async () => {
    const response = respondWithPage(PAGE, 200);
    expect(response.headers.get("content-security-policy")).toContain(`'sha256-${await hashOfStyle(await response.text())}'`);
  });

  it("keeps all cookies and other headers, and puts its own policy in the place of a weaker one", () => {
    const given = new Headers({ "content-security-policy": "frame-ancestors 'none'", "x-other": "kept", "cache-control": "max-age=60" });
    given.append("set-cookie", "__Host-a=1; Path=/; Secure");
    given.append("set-cookie", "__Host-b=2; Expires=Wed, 01 Jan 2031 00:00:00 GMT");
    const { headers } = respondWithPage(PAGE, 200, given);
    expect(headers.getSetCookie()).toEqual(["__Host-a=1; Path=/; Secure", "__Host-b=2; Expires=Wed, 01 Jan 2031 00:00:00 GMT"]);
    expect([headers.get("x-other"), headers.get("cache-control")]).toEqual(["kept", "no-store"]);
    expect(headers.get("content-security-policy")).toMatch(/^default-src 'none';[^,]*$/);
    expect(given.get("content-security-policy")).toBe("frame-ancestors 'none'");
  });

  it("does not hold the redirects that follow a form's post", () => {
    expect(respondWithPage(PAGE, 200).headers.get("content-security-policy")).not.toContain("form-action");
  });
});
