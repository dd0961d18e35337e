/**
 * What the checks use of playwright-core, which stands in this folder's own lock: the project type-checks without it.
 * Source: https://playwright.dev/docs/api/class-page
 */
declare module "playwright-core" {
  export const chromium: { launch(options: { executablePath: string; args: string[] }): Promise<Browser> };

  export interface Browser {
    /** In a context of its own. */
    newPage(options: ContextOptions): Promise<Page>;
    newContext(options: ContextOptions): Promise<BrowserContext>;
    close(): Promise<void>;
  }

  export interface ContextOptions {
    viewport: Size;
    colorScheme?: "light" | "dark";
  }

  interface Size {
    width: number;
    height: number;
  }

  /** What shares cookies, and nothing with other contexts. */
  export interface BrowserContext {
    newPage(): Promise<Page>;
    setDefaultTimeout(timeoutMs: number): void;
    cookies(): Promise<Cookie[]>;
    addCookies(cookies: Cookie[]): Promise<void>;
    close(): Promise<void>;
  }

  export interface Cookie {
    name: string;
    value: string;
    domain: string;
    path: string;
    expires: number;
    httpOnly: boolean;
    secure: boolean;
    sameSite: "Strict" | "Lax" | "None";
  }

  export interface Page extends Locators {
    readonly keyboard: { press(key: string): Promise<void> };
    goto(url: string): Promise<Navigated | null>;
    goBack(): Promise<Navigated | null>;
    url(): string;
    waitForURL(matches: (url: URL) => boolean): Promise<void>;
    setDefaultTimeout(timeoutMs: number): void;
    setViewportSize(size: Size): Promise<void>;
    frame(options: { name: string }): Frame | null;
    on(event: "console", listen: (message: { type(): string; text(): string }) => void): void;
    on(event: "pageerror", listen: (error: Error) => void): void;
    on(event: "response", listen: (response: Navigated) => void): void;
    screenshot(options: { path: string; fullPage?: boolean }): Promise<unknown>;
    evaluate<Argument, Result>(inPage: (argument: Argument) => Promise<Result>, argument: Argument): Promise<Result>;
  }

  export interface Frame extends Locators {
    url(): string;
  }

  interface Navigated {
    status(): number;
    url(): string;
  }

  export interface Locator extends Locators {
    first(): Locator;
    click(options?: { force?: boolean }): Promise<void>;
    count(): Promise<number>;
    fill(text: string): Promise<void>;
    /** Until it is visible. */
    waitFor(): Promise<void>;
    innerText(): Promise<string>;
    inputValue(): Promise<string>;
    isChecked(): Promise<boolean>;
    /** The element is the one of the browser: the project's types hold no DOM, so a caller says what it needs of it. */
    evaluate<Element, Argument, Result>(inPage: (element: Element, argument: Argument) => Result, argument: Argument): Promise<Result>;
    evaluate<Element, Result>(inPage: (element: Element) => Result): Promise<Result>;
    evaluateAll<Element, Result>(inPage: (elements: Element[]) => Result): Promise<Result>;
  }

  interface Locators {
    getByRole(
      role: "button" | "checkbox" | "dialog" | "heading" | "main" | "switch" | "textbox",
      options?: { name: string | RegExp; exact?: boolean }
    ): Locator;
    getByText(text: string | RegExp, options?: { exact: boolean }): Locator;
    locator(selector: string): Locator;
  }
}
