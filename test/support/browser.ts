/** A page, or a redirect that was not followed. */
export interface Visited {
  readonly status: number;
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
}

/** A browser as small as one can be: it keeps cookies by origin, follows redirects, and runs no script. */
export class Browser {
  readonly #cookies = new Map<string, Map<string, string>>();

  /** Opens an address and follows its redirects, up to one that leads to `stopAt` or is not HTTP: that one is answered as it is. */
  async open(url: string, { stopAt = "\0", init = {} as RequestInit } = {}): Promise<Visited> {
    let next = { url, init };
    for (let hops = 0; hops < 10; hops++) {
      const visited = await this.#visit(next.url, next.init);
      const location = visited.headers.get("location");
      if (location === null) return visited;
      const target = new URL(location, next.url).href;
      if (target.startsWith(stopAt) || !target.startsWith("http")) return { ...visited, url: target };
      next = { url: target, init: {} };
    }
    throw new Error(`${url} redirects without end.`);
  }

  /** Sends a form as the page that has it would. */
  submit(url: string, fields: readonly (readonly [string, string])[], options: { stopAt?: string; headers?: Record<string, string> } = {}) {
    const headers = { origin: new URL(url).origin, "content-type": "application/x-www-form-urlencoded", ...options.headers };
    const body = new URLSearchParams(fields.map(([name, value]) => [name, value])).toString();
    return this.open(url, { ...options, init: { method: "POST", headers, body } });
  }

  /** What is stored for an origin, as it would be sent. */
  cookiesOf(url: string): string {
    const jar = this.#cookies.get(new URL(url).origin) ?? new Map<string, string>();
    return [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  async #visit(url: string, init: RequestInit): Promise<Visited> {
    const headers = { ...(init.headers as Record<string, string>), cookie: this.cookiesOf(url) };
    const response = await fetch(url, { ...init, headers, redirect: "manual" });
    const { origin } = new URL(url);
    const jar = this.#cookies.get(origin) ?? new Map<string, string>();
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (/max-age=0\b/i.test(cookie) || value === "") jar.delete(name);
      else jar.set(name, value);
    }
    this.#cookies.set(origin, jar);
    return { status: response.status, url, headers: response.headers, body: await response.text() };
  }
}

/** The fields of the first form of a page that a click on one of its buttons would send: hidden ones and boxes that are checked. */
export function fieldsOf(html: string): [string, string][] {
  const inputs = [...html.matchAll(/<input\b[^>]*>/g)].map(([tag]) => tag);
  const attribute = (tag: string, name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1];
  return inputs
    .filter((tag) => attribute(tag, "name") !== undefined && !/\bdisabled\b/.test(tag))
    .filter((tag) => attribute(tag, "type") !== "checkbox" || /\bchecked\b/.test(tag))
    .map((tag) => [attribute(tag, "name") ?? "", attribute(tag, "value") ?? "on"]);
}
