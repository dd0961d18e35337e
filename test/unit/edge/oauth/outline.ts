import type { Html } from "../../../../src/edge/oauth/html.ts";

/** An element as a parser sees it: its name and its attributes, none of whose values is decoded. */
export interface OutlineElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Reads a page as a browser would, and lists its elements in the order of the document. */
export async function readOutline(page: Html): Promise<OutlineElement[]> {
  const elements: OutlineElement[] = [];
  const rewriter = new HTMLRewriter().on("*", {
    element: ({ tagName, attributes }) =>
      void elements.push({ name: tagName, attributes: Object.fromEntries([...attributes] as [string, string][]) })
  });
  await rewriter.transform(new Response(page.toString())).text();
  return elements;
}

/** The elements of a page with the names of their attributes: what no text of a client may change. */
export async function readShape(page: Html): Promise<string[]> {
  return (await readOutline(page)).map(({ name, attributes }) => [name, ...Object.keys(attributes)].join(" "));
}

/** Texts that leave the place they stand in where they are not escaped. */
export const HOSTILE_TEXTS = [
  "<script>alert(1)</script>",
  `"><img src=x onerror=alert(1)>`,
  `' autofocus onfocus='alert(1)`,
  `" autofocus onfocus="alert(1)`,
  "</title></style></h1></form><form action=https://evil.example>",
  "<!--",
  "&lt;b&gt;&#60;b&#62;"
] as const;
