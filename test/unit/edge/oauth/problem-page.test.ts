import { expect, it } from "vitest";
import { type ProblemView, renderProblemPage } from "../../../../src/edge/oauth/problem-page.ts";
import { HOSTILE_TEXTS, readShape } from "./outline.ts";

const VIEW: ProblemView = { title: "This page has expired", message: "It was opened too long ago.", hint: "Connect again from your app." };

it("says what went wrong and what to do", () => {
  const page = renderProblemPage(VIEW).toString();
  expect(page).toContain("<title>This page has expired – Dormouse</title>");
  expect(page).toContain("<h1>This page has expired</h1>\n<p>It was opened too long ago.</p>\n<p>Connect again from your app.</p>");
});

it.each(HOSTILE_TEXTS)("keeps %s a text, wherever it stands", async (text) => {
  const friendly = await readShape(renderProblemPage(VIEW));
  for (const place of ["title", "message", "hint"] as const) {
    const hostile = renderProblemPage({ ...VIEW, [place]: text });
    expect(await readShape(hostile)).toEqual(friendly);
    expect(hostile.toString()).not.toContain(text);
  }
});
