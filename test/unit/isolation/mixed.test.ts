import { reset } from "cloudflare:test";
import { afterEach, expect, it } from "vitest";
import { createPerson, createPrincipal } from "../session/in-worker.ts";
import { furnish } from "./belongings.ts";
import { findFaults } from "./faults.ts";

// A person and a key, both ways round, where objects sleep or were emptied; the control is in warm.test.ts.

afterEach(() => reset());

const TIMES = { timeout: 60_000 };

it.each([
  ["a person and a key", createPerson, createPrincipal, "cold"],
  ["a key and a person, purged,", createPrincipal, createPerson, "purged"]
] as const)("what the one of %s has is to the other as what was never there", TIMES, async (_, createOwner, createStranger, state) => {
  expect(await findFaults(await furnish(await createOwner()), createStranger, state)).toEqual([]);
});
