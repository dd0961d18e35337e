import { type Html, html } from "./html.ts";
import { renderPage } from "./page.ts";

/** What went wrong with a sign-in, for the person in front of it. */
export interface ProblemView {
  /** The problem in a few words. */
  readonly title: string;
  /** What went wrong, in a sentence. */
  readonly message: string;
  /** What to do. */
  readonly hint: string;
}

/** Renders the page that says what went wrong and what to do. */
export function renderProblemPage({ title, message, hint }: ProblemView): Html {
  const content = html`<h1>${title}</h1>
<p>${message}</p>
<p>${hint}</p>`;
  return renderPage({ title, content });
}
