import { describe, expect, it } from "vitest";
import { eraOf } from "../../../src/edge/classify.ts";
import type { Message } from "../../../src/mcp/protocol/json-rpc.ts";

const request = (method: string, claim?: string | number): Message => ({
  jsonrpc: "2.0",
  id: 1,
  method,
  params: claim === undefined ? {} : { _meta: { "io.modelcontextprotocol/protocolVersion": claim } }
});

const RESPONSE: Message = { jsonrpc: "2.0", id: 1, result: {} };

describe("the era of a POST", () => {
  it.each<[string, Message | Message[], string | undefined, "sessionful" | "stateless"]>([
    ["a request that claims a revision", request("tools/list", "2026-07-28"), undefined, "stateless"],
    ["a claim of an older revision", request("tools/list", "2025-11-25"), "2025-11-25", "stateless"],
    ["a claim that is no text", request("tools/list", 1), undefined, "stateless"],
    ["no claim and no header", request("tools/list"), undefined, "sessionful"],
    ["no claim and an older header", request("tools/list"), "2025-11-25", "sessionful"],
    ["no claim and a header of this era", request("tools/list"), "2026-07-28", "stateless"],
    ["no claim and a header within white space", request("tools/list"), " 2026-07-28 ", "stateless"],
    ["no claim and a header of a later revision", request("tools/list"), "2027-01-01", "stateless"],
    ["initialize", request("initialize"), undefined, "sessionful"],
    ["initialize that claims an older revision", request("initialize", "2025-11-25"), undefined, "sessionful"],
    ["initialize that claims this one", request("initialize", "2026-07-28"), undefined, "stateless"],
    ["initialize with a header of this era", request("initialize"), "2026-07-28", "stateless"],
    ["a response", RESPONSE, "2025-11-25", "sessionful"],
    ["a response with a header of this era", RESPONSE, "2026-07-28", "stateless"],
    ["a batch", [request("tools/list"), RESPONSE], "2025-03-26", "sessionful"],
    ["a batch of which one claims", [request("tools/list"), request("tools/list", "2026-07-28")], undefined, "stateless"]
  ])("%s", (_, message, header, era) => {
    expect(eraOf(message, new Headers(header === undefined ? {} : { "mcp-protocol-version": header }))).toBe(era);
  });
});
