import type { Locator, Page } from "playwright-core";
import { takePicture } from "./chromium.ts";
import { connectPage, expectVisible } from "./inspector-page.ts";
import type { Expect } from "./run-check.ts";

/** A person at the Inspector's page: fills in a form, declines one, and cancels a call whose progress it shows. */
export async function expectInspectorForm(expect: Expect, page: Page): Promise<void> {
  await connectPage(expect, page);
  await answer(expect, page, "accepted", async (dialog) => {
    await dialog.getByRole("textbox", { name: "name" }).fill("Ada");
    await takePicture(page, "form");
    await dialog.getByRole("button", { name: "Submit" }).click();
  });
  await answer(expect, page, "declined", (dialog) => dialog.getByRole("button", { name: "Decline" }).click());
  await cancel(expect, page);
}

const SHOWN = { accepted: "accept Ada", declined: "decline" } as const;

async function answer(expect: Expect, page: Page, how: keyof typeof SHOWN, reply: (dialog: Locator) => Promise<void>): Promise<void> {
  await execute(page, "ask_name");
  const dialog = page.getByRole("dialog", { name: "Elicitation Request" });
  await expectVisible(expect, page, `the page shows the form that is to be ${how}`, () => dialog.getByText(/Who are you\?/).waitFor());
  await reply(dialog);
  const main = page.getByRole("main");
  await expectVisible(expect, page, `the page shows '${SHOWN[how]}' for it`, () => main.getByText(SHOWN[how], { exact: true }).waitFor());
  await takePicture(page, `form-${how}`);
  await main.getByRole("button", { name: "Close results" }).click();
}

async function cancel(expect: Expect, page: Page): Promise<void> {
  await execute(page, "echo_detachable", { text: "for long", steps: "1000", delayMs: "100" });
  await expectVisible(expect, page, "the page shows the progress of a long call", () =>
    page
      .getByText(/\d+ \/ 1000/)
      .first()
      .waitFor()
  );
  await takePicture(page, "progress");
  const main = page.getByRole("main");
  const [clickedMs] = await Promise.all([nextClickMs(page), main.getByRole("button", { name: "Cancel", exact: true }).click()]);
  await expectVisible(expect, page, "the page says that its cancellation was sent", () => page.getByText(/Tool call cancelled/).waitFor());

  await execute(page, "list_calls", { tool: "echo_detachable", session: "this" });
  await main.getByText(/startedAt/).waitFor();
  await takePicture(page, "cancelled");
  const shown = await main.innerText();
  const tookMs = settledMs(shown) - clickedMs;
  expect("the history says that it was cancelled, within a second", /echo_detachable cancelled/.test(shown) && tookMs < 1000, { tookMs });
}

/** By the browser's clock: what drives it hears of a click late, and by then the call may be over. */
const nextClickMs = (page: Page): Promise<number> =>
  page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const tab = globalThis as unknown as EventTarget; // Node's types know no browser
        tab.addEventListener("click", () => resolve(Date.now()), { capture: true, once: true });
      }),
    undefined
  );

async function execute(page: Page, tool: string, args: Readonly<Record<string, string>> = {}): Promise<void> {
  const main = page.getByRole("main");
  await main.getByRole("button", { name: new RegExp(tool) }).click();
  for (const [name, value] of Object.entries(args)) await main.getByRole("textbox", { name, exact: true }).fill(value);
  await main.getByRole("button", { name: "Execute Tool" }).click();
}

/** When the one call on the page was over; NaN if it is not. */
function settledMs(shown: string): number {
  const [, startedAt = ""] = /"startedAt": "([^"]+)"/.exec(shown) ?? [];
  const [, durationMs] = /"durationMs": (\d+)/.exec(shown) ?? [];
  return Date.parse(startedAt) + Number(durationMs);
}
