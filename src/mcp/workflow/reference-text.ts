/** A piece of a text that refers to values: text as it stands, or the pointer of `{{pointer}}`. */
export type TextPart = { readonly literal: string } | { readonly pointer: string };

/**
 * Takes a text apart. Braces that hold no pointer are text like any other, so that what belongs to another language stays as it is;
 * but `{{inputs.x}}` and `{{steps.x}}` are taken for pointers that were written wrong, and found to be none. White space around a
 * pointer does not count. Linear in the length of the text.
 */
export function* partsOfText(text: string): Generator<TextPart> {
  let literalStart = 0;
  for (let open = text.indexOf(OPEN); open >= 0; ) {
    const start = skipSpace(text, open + OPEN.length);
    if (!startsReference(text, open, start)) {
      open = text.indexOf(OPEN, open + 1);
      continue;
    }
    const close = text.indexOf(CLOSE, start);
    if (close < 0) break;
    if (open > literalStart) yield { literal: text.slice(literalStart, open) };
    yield { pointer: text.slice(start, close).trimEnd() };
    literalStart = close + CLOSE.length;
    open = text.indexOf(OPEN, literalStart);
  }
  if (literalStart < text.length) yield { literal: text.slice(literalStart) };
}

const OPEN = "{{";
const CLOSE = "}}";

function startsReference(text: string, open: number, start: number): boolean {
  if (text[start] === "/") return true;
  DOTTED.lastIndex = start;
  return text[open - 1] !== "$" && DOTTED.test(text); // ${{ inputs.x }} is an expression of GitHub's workflows
}

const DOTTED = /(?:inputs|steps)\./y;

function skipSpace(text: string, from: number): number {
  let at = from;
  while (text[at] === " ") at++;
  return at;
}
