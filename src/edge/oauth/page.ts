import { createHash } from "node:crypto";
import { type Html, html } from "./html.ts";
import { PAGE_STYLE } from "./page-style.ts";
import { WORDMARK } from "./wordmark.ts";

/** What a page puts into the frame. */
export interface PageParts {
  /** The name of the tab. */
  readonly title: string;
  /** The server's own host, shown beside its name. */
  readonly serverHost?: string;
  readonly content: Html;
}

/** Frames the content of a page; the page runs no script and loads nothing. */
export function renderPage({ title, serverHost, content }: PageParts): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – Dormouse</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<header>${WORDMARK}${serverHost !== undefined && html`<span>${serverHost}</span>`}</header>
<main>
${content}
</main>
</body>
</html>
`;
}

/** Answers with a page, under the headers of a page that asks for consent; other headers given, cookies above all, are kept. */
export function respondWithPage(page: Html, status: number, headers?: HeadersInit): Response {
  const all = new Headers(headers);
  for (const [name, value] of Object.entries(PAGE_HEADERS)) all.set(name, value);
  return new Response(page.toString(), { status, headers: all });
}

const STYLE_HASH = createHash("sha256").update(PAGE_STYLE.toString()).digest("base64");

const PAGE_HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
  // Under `no-referrer` a browser would post the form with `Origin: null`, and the check of the origin would refuse it.
  "referrer-policy": "same-origin",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  // No `form-action`: Chromium applies it to every redirect that follows the form's post, and those lead to GitHub, to the single
  // sign-on of an organization and to the client, whose hosts nobody knows beforehand.
  "content-security-policy": `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; frame-ancestors 'none'`
} as const;
