import { expect, it } from "vitest";
import { createNameList } from "../../../src/lib/name-list.ts";

it("holds the names that it lists, and by a star all that begin alike", () => {
  const list = createNameList(["orders", "audit-*", "a*b"]);
  const names = ["orders", "orders2", "Orders", "audit-", "audit-2026", "audit", "a*b", "aXb", ""];
  expect(names.filter((name) => list.includes(name))).toEqual(["orders", "audit-", "audit-2026", "a*b"]);
  expect(list.isEmpty).toBe(false);
  expect(createNameList(["*"]).includes("anything")).toBe(true);
  expect(createNameList([])).toMatchObject({ isEmpty: true });
  expect(createNameList([]).includes("")).toBe(false);
});
