import { expect, it } from "vitest";
import { createStreamName, requestIdOf } from "../../../src/session/stream-name.ts";

it.each([1, "a", "my id", -7, "\ud800"])("tells which request it answers: %j", (id) => {
  expect(requestIdOf(createStreamName(id))).toBe(id);
});

it.each(["x".repeat(100), "\u8a9e".repeat(60)])("is short enough for a header and a tag, whatever the id: %s", (id) => {
  expect(createStreamName(id).length).toBeLessThan(150);
  expect(requestIdOf(createStreamName(id))).toBeUndefined();
});
