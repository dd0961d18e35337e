import { expect, it } from "vitest";
import { Aliases, writeFilter, writeProjection } from "../../../../src/clients/dynamodb/expressions.ts";

/** An expression with its names put back, so that a test can be read; what stood for one shows in brackets. */
function readable(expression: string, { names }: Aliases): string {
  return expression.replace(/#\w+/g, (placeholder) => `<${names[placeholder] ?? placeholder}>`);
}

it.each([
  ["total > :t", "<total> > :t"],
  ["address.city = :c AND NOT lines[0].sku = :s", "<address>.<city> = :c AND NOT <lines>[0].<sku> = :s"],
  ["size(name) between :a and :b or status in (:c, :d)", "size(<name>) between :a and :b or <status> in (:c, :d)"],
  ["attribute_exists (note) AND begins_with(note, :note)", "attribute_exists (<note>) AND begins_with(<note>, :note)"],
  ["#t > :total", "<the total> > :total"]
])("a filter has a stand-in for each name: %s", (filter, written) => {
  const aliases = new Aliases({ names: { "#t": "the total" }, values: {} });
  expect(readable(writeFilter(filter, aliases), aliases)).toBe(written);
});

it("a projection holds the keys and each path once", () => {
  const aliases = new Aliases({ names: {}, values: {} });
  const paths = ["id", "total", "a.b[12][3].c2", "#odd.x", "total"];
  const written = writeProjection(paths, ["id"], { "#odd": "with.dots" }, aliases);
  expect(readable(written, aliases)).toBe("<id>, <total>, <a>.<b>[12][3].<c2>, <with.dots>.<x>");
});

it.each(["", ".", "a.", "a[b]", "a[1", "[1]", "a..b"])("%j is no path", (path) => {
  expect(() => writeProjection([path], [], {}, new Aliases({ names: {}, values: {} }))).toThrow("which is no path");
});
