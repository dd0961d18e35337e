import { reset } from "cloudflare:test";
import { afterEach, expect, it } from "vitest";
import { createPerson, createPrincipal } from "../session/in-worker.ts";
import { furnish } from "./belongings.ts";
import { findFaults } from "./faults.ts";

// Everything is evicted before each attempt; the control is in warm.test.ts.

afterEach(() => reset());

const TIMES = { timeout: 60_000 };

it.each([
  ["two people", createPerson, createPerson, "cold"],
  ["two keys", createPrincipal, createPrincipal, "cold"]
] as const)("what the one of %s has is to the other as what was never there", TIMES, async (_, createOwner, createStranger, state) => {
  expect(await findFaults(await furnish(await createOwner()), createStranger, state)).toEqual([]);
});
