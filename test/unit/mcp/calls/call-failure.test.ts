import { expect, it } from "vitest";
import { toFailure } from "../../../../src/mcp/calls/call-failure.ts";
import { SignInRequired } from "../../../../src/mcp/errors.ts";
import { createNote } from "../../../fixtures/notes.ts";

it.each([
  ["denied", "a write was refused, and it was the only one", true, 1],
  ["denied", "a read was refused before any write", false, 0],
  ["unknown", "a write was refused after another had left", true, 2],
  ["unknown", "a read was refused after a write had left", false, 1]
])("reads %s where a sign-in is needed and %s", (outcome, _, wasWrite, writes) => {
  const { message, ...failure } = toFailure(new SignInRequired(wasWrite), createNote, { wasOpened: true, writes });
  expect(failure).toEqual({ outcome, error: "SignInRequired" });
  expect(message.includes("may have taken effect")).toBe(outcome === "unknown");
});
