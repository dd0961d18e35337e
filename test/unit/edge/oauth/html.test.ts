import { describe, expect, it } from "vitest";
import { html } from "../../../../src/edge/oauth/html.ts";
import { HOSTILE_TEXTS, readShape } from "./outline.ts";

describe("html", () => {
  it("escapes whatever can end a text or a quoted attribute", () => {
    expect(html`<p title="${`"'`}">${"<b> & </b>"}</p>`.toString()).toBe(`<p title="&#34;&#39;">&#60;b&#62; &#38; &#60;/b&#62;</p>`);
  });

  it("keeps what is itself html, and joins arrays", () => {
    const items = ["a", "<"].map((text) => html`<li>${text}</li>`);
    expect(html`<ul>${items}</ul>${["&", ["'", 1]]}`.toString()).toBe("<ul><li>a</li><li>&#60;</li></ul>&#38;&#39;1");
  });

  it("says nothing for undefined and false", () => {
    expect(html`a${undefined}b${false}c${""}d`.toString()).toBe("abcd");
  });

  it("escapes an object that looks like html", () => {
    const forged = { toString: () => "<b>", map: () => ["<b>"] } as unknown as string;
    expect(html`${forged}`.toString()).toBe("&#60;b&#62;");
  });

  it.each(HOSTILE_TEXTS)("keeps %s a text", async (text) => {
    const place = (value: Parameters<typeof html>[1]) => html`<p title="${value}" class='${value}'>${value}</p><i></i>`;
    expect(await readShape(place(text))).toEqual(["p title class", "i"]);
  });

  it("lets its own markup through, which shows that the test above can fail", async () => {
    expect(await readShape(html`<p>${html`<script></script>`}</p>`)).toEqual(["p", "script"]);
  });
});
