/**
 * What the checks use of playwright-core, which stands in this folder's own lock: the project type-checks without it.
 * Source: https://playwright.dev/docs/api/class-page
 */
declare module "playwright-core" {
  export const chromium: { launch(options: { executablePath: string; args: string[] }): Promise<Browser> };

  export interface Browser {
    newPage(options: { viewport: { width: number; height: number } }): Promise<Page>;
    close(): Promise<void>;
  }

  export interface Page extends Locators {
    goto(url: string): Promise<unknown>;
    setDefaultTimeout(timeoutMs: number): void;
    screenshot(options: { path: string }): Promise<unknown>;
    evaluate<Argument, Result>(inPage: (argument: Argument) => Promise<Result>, argument: Argument): Promise<Result>;
  }

  export interface Locator extends Locators {
    first(): Locator;
    click(options?: { force?: boolean }): Promise<void>;
    fill(text: string): Promise<void>;
    /** Until it is visible. */
    waitFor(): Promise<void>;
    innerText(): Promise<string>;
  }

  interface Locators {
    getByRole(role: "button" | "dialog" | "main" | "switch" | "textbox", options?: { name: string | RegExp; exact?: boolean }): Locator;
    getByText(text: string | RegExp, options?: { exact: boolean }): Locator;
  }
}
