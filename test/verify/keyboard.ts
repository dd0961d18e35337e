import type { Page } from "playwright-core";

/** What has the focus, as a person knows it: a box's value, a button's words; and whether one can see that it has it. */
export interface Focused {
  readonly name: string;
  readonly isOutlined: boolean;
}

/** Presses Tab until something has the focus. @throws an error that names what Tab reached instead. */
export async function tabTo(page: Page, name: string): Promise<readonly Focused[]> {
  const reached: Focused[] = [];
  while (reached.length < MAX_TABS) {
    await page.keyboard.press("Tab");
    const focused = await focusedOn(page);
    reached.push(focused);
    if (focused.name.includes(name)) return reached;
  }
  throw new Error(`Tab never reaches ${name}, but ${reached.map((focused) => focused.name).join(", ")}.`);
}

const MAX_TABS = 20;

/** What is read of an element. The project's types hold no DOM. */
interface FocusedElement {
  readonly type?: string;
  readonly value?: string;
  readonly innerText?: string;
  readonly ownerDocument: {
    readonly defaultView: { getComputedStyle(element: FocusedElement): { readonly outlineStyle: string; readonly outlineWidth: string } };
  };
}

async function focusedOn(page: Page): Promise<Focused> {
  const focus = page.locator(":focus");
  if ((await focus.count()) === 0) return { name: "nothing", isOutlined: false };
  return focus.evaluate((element: FocusedElement) => {
    const { outlineStyle, outlineWidth } = element.ownerDocument.defaultView.getComputedStyle(element);
    const name = element.type === "checkbox" ? (element.value ?? "") : (element.innerText ?? "");
    return { name, isOutlined: outlineStyle !== "none" && outlineWidth !== "0px" };
  });
}
