import { expect, it } from "vitest";
import { z } from "zod";
import { callFilter, toFilter } from "../../../src/tools/history/call-filter.ts";

const filter = z.strictObject(callFilter);

it.each(["last 7", "week 1", "01/02/2026", "2026", "2026-01-31 (a remark)", "2026-13-01", ""])("takes %j for no time", (since) => {
  expect(filter.safeParse({ since }).error?.issues[0]?.message).toContain("is not a date and time in ISO 8601");
});

it.each([
  ["2026-01-31", "2026-01-31T00:00:00.000Z"],
  ["2026-01-31T09:00:00Z", "2026-01-31T09:00:00.000Z"],
  ["2026-01-31T09:00:00.123456+02:00", "2026-01-31T07:00:00.123Z"],
  ["2026-01-31 09:00", "2026-01-31T09:00:00.000Z"]
])("reads %j", (since, read) => {
  expect(toFilter(filter.parse({ since })).sinceMs).toBe(Date.parse(read));
});
