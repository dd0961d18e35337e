import { DEFAULTS } from "../config.ts";
import { nestsDeeperThan } from "../lib/json.ts";
import { readBody } from "../lib/read-body.ts";
import { rememberLast } from "../lib/remember.ts";
import { isMessage, type Message } from "../mcp/protocol/json-rpc.ts";
import { refuse } from "./respond.ts";

/** A body that was read: one message or a batch, and its text as the client wrote it. */
export interface ReadBody {
  readonly message: Message | readonly Message[];
  readonly text: string;
}

/** Reads the messages of a POST, or refuses it. Counts before it parses. */
export async function readMessage(request: Request): Promise<ReadBody | Response> {
  if (!isUtf8Json(request.headers.get("content-type"))) return refuse("unsupported_content_type", "Send application/json in UTF-8.");
  const body = await readBody(request, DEFAULTS.bodyBytes);
  if ("fault" in body) return refuseFault(body.fault);
  if (nestsDeeperThan(body.text, DEFAULTS.nesting))
    return refuse("nested_too_deeply", `The body nests deeper than ${DEFAULTS.nesting}.`, NO_ID);
  const parsed = parse(body.text);
  if (parsed === undefined) return refuse("parse_error", "The body is not JSON.", NO_ID);
  if (isMessage(parsed) || (Array.isArray(parsed) && parsed.length > 0 && parsed.every(isMessage))) {
    return { message: parsed, text: body.text };
  }
  return refuse("invalid_request", "The body is not a JSON-RPC 2.0 message of this protocol.", NO_ID);
}

const NO_ID = { id: null } as const;

function refuseFault(fault: "too_large" | "not_utf8"): Response {
  if (fault === "too_large") return refuse("body_too_large", `The body is over ${DEFAULTS.bodyBytes} bytes.`, NO_ID);
  return refuse("parse_error", "The body is not UTF-8.", NO_ID);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isUtf8Json = rememberLast((contentType: string | null): boolean => {
  const [type = "", ...parameters] = (contentType ?? "").toLowerCase().split(";");
  if (type.trim() !== "application/json") return false;
  return parameters.every((parameter) => !/^\s*charset\s*=/.test(parameter) || /^\s*charset\s*=\s*"?utf-?8"?\s*$/.test(parameter));
});
