import { describe, expect, it } from "vitest";
import { readTraceparent } from "../../../../src/mcp/protocol/trace.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

describe("readTraceparent", () => {
  it.each([
    ["the version of the specification", `00-${TRACE}-${SPAN}-01`],
    ["any flags", `00-${TRACE}-${SPAN}-ff`],
    ["a version to come of the same length", `01-${TRACE}-${SPAN}-00`],
    ["a version to come with a longer tail", `cc-${TRACE}-${SPAN}-01-what-the-future-brings`],
    ["a version to come with an empty tail", `cc-${TRACE}-${SPAN}-01-`]
  ])("reads %s", (_, value) => {
    expect(readTraceparent(value)).toEqual({ traceId: TRACE, parent: SPAN });
  });

  it.each([
    ["version ff", `ff-${TRACE}-${SPAN}-01`],
    ["a trace id of zeros", `00-${"0".repeat(32)}-${SPAN}-01`],
    ["a parent of zeros", `00-${TRACE}-${"0".repeat(16)}-01`],
    ["upper-case hex", `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ["a tail in our version", `00-${TRACE}-${SPAN}-01-more`],
    ["a newline at the end", `00-${TRACE}-${SPAN}-01\n`],
    ["a tail without its dash", `cc-${TRACE}-${SPAN}-01.more`],
    ["a short trace id", `00-${TRACE.slice(1)}-${SPAN}-01`],
    ["no flags", `00-${TRACE}-${SPAN}`],
    ["white space around it", ` 00-${TRACE}-${SPAN}-01`],
    ["two values", `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`],
    ["nothing", undefined],
    ["a number", 0],
    ["an object", { traceId: TRACE }]
  ])("does not read %s", (_, value) => {
    expect(readTraceparent(value)).toBeUndefined();
  });
});
