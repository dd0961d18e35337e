import { expect, it } from "vitest";
import { readWindow } from "../../../src/tools/logs/log-window.ts";

const NOW_MS = Date.UTC(2026, 7, 2);
const NOON_MS = Date.UTC(2026, 7, 1, 12);

it.each([
  ["2026-08-01T12:00:00Z"],
  ["2026-08-01T12:00:00.000Z"],
  ["2026-08-01T14:00:00+02:00"],
  ["2026-08-01T14:00:00+0200"],
  ["2026-08-01T12:00"],
  ["2026-08-01 12:00:00"],
  [String(NOON_MS)],
  [NOON_MS]
])("reads %j", (startTime) => {
  expect(readWindow(startTime, undefined, NOW_MS)).toEqual({ startMs: NOON_MS, endMs: NOW_MS });
});

it("reads the last day of a leap year's February", () => {
  expect(readWindow("2024-02-29", "2024-02-29T24:00:00Z", NOW_MS)).toEqual({ startMs: Date.UTC(2024, 1, 29), endMs: Date.UTC(2024, 2, 1) });
});

it("reads a day as its beginning, and zero as the beginning of all", () => {
  expect(readWindow("2026-08-01", "2026-08-02", NOW_MS)).toEqual({ startMs: NOON_MS - 12 * 3_600_000, endMs: NOW_MS });
  expect(readWindow(0, undefined, NOW_MS)).toMatchObject({ startMs: 0 });
});

it.each([
  ["yesterday", undefined, "startTime cannot be read"],
  ["", undefined, "startTime cannot be read"],
  ["2026-13-01T00:00:00Z", undefined, "startTime cannot be read"],
  ["2026-08-01T25:00:00Z", undefined, "startTime cannot be read"],
  ["2026-02-30", undefined, "startTime cannot be read"],
  ["2026-06-31T10:00:00Z", undefined, "startTime cannot be read"],
  [-5, undefined, "startTime cannot be read"],
  [9e15, undefined, "startTime cannot be read"],
  [NOON_MS, "soon", "endTime cannot be read"],
  [NOON_MS / 1000, undefined, `seems to be in seconds. Give milliseconds since 1970, ${NOON_MS / 1000}000`],
  [NOON_MS, NOON_MS - 1, "endTime 2026-08-01T11:59:59.999Z is before startTime 2026-08-01T12:00:00.000Z."],
  ["2027-01-01", undefined, "startTime 2027-01-01T00:00:00.000Z is in the future. It is 2026-08-02T00:00:00.000Z."]
])("refuses from %j to %j: %s", (startTime, endTime, message) => {
  expect(() => readWindow(startTime, endTime, NOW_MS)).toThrow(message);
});
