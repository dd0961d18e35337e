/** What a template of {@link html} takes: text is escaped, arrays are joined, `undefined` and `false` are nothing. */
export type HtmlValue = Html | string | number | undefined | false | readonly HtmlValue[];

/**
 * Builds markup in which only what the template itself says is markup, in text and in quoted attributes alike.
 *
 * @example
 * html`<p title="${'"'}">${"<b>"}</p>`.toString(); // <p title="&#34;">&#60;b&#62;</p>
 */
export function html(literals: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(literals.map((literal, i) => literal + toMarkup(values[i])).join(""));
}

// Exported as a type alone: with a private field and no maker but `html`, no other text can pass for markup.
class Html {
  readonly #markup: string;

  constructor(markup: string) {
    this.#markup = markup;
  }

  toString(): string {
    return this.#markup;
  }
}

export type { Html };

function toMarkup(value: HtmlValue): string {
  if (value === undefined || value === false) return "";
  if (value instanceof Html) return value.toString();
  if (Array.isArray(value)) return value.map(toMarkup).join("");
  return String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
