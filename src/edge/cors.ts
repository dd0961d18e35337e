/** The answer to a preflight of an origin that was let through. Source: https://fetch.spec.whatwg.org/#http-cors-protocol */
export function answerPreflight(request: Request): Response {
  return withCors(
    request,
    new Response(null, {
      status: 204,
      headers: {
        "access-control-allow-methods": "GET, POST, DELETE, OPTIONS",
        "access-control-allow-headers": [ALLOWED_HEADERS, ...askedParamHeaders(request)].join(", "),
        "access-control-max-age": "86400"
      }
    })
  );
}

const ALLOWED_HEADERS = [
  "Accept, Authorization, Content-Type, If-None-Match, If-Range, Last-Event-ID, Mcp-Method, Mcp-Name, MCP-Protocol-Version",
  "Mcp-Session-Id, Range"
].join(", ");

/** What a page may read of an answer, beside what any page may. */
const EXPOSED_HEADERS = "Mcp-Session-Id, WWW-Authenticate, Retry-After";
const EXPOSED_OF_RESULTS = "Accept-Ranges, Content-Disposition, Content-Range, ETag";

/** Which parameters a tool mirrors into headers is the tool's to say, and a preflight names no tool: those that are asked for may come. */
function askedParamHeaders(request: Request): string[] {
  const asked = (request.headers.get("access-control-request-headers") ?? "").split(",").map((name) => name.trim());
  return asked.filter((name) => /^mcp-param-[!#$%&'*+\-.^_`|~0-9a-z]{1,64}$/i.test(name));
}

/** Lets the page that asked read the answer. A request without an Origin gets it as it is. */
export function withCors(request: Request, response: Response): Response {
  const origin = request.headers.get("origin");
  if (origin === null || response.webSocket) return response;
  const readable = new Response(response.body, response);
  readable.headers.set("access-control-allow-origin", origin);
  readable.headers.set("access-control-expose-headers", response.headers.has("accept-ranges") ? EXPOSED_OF_RESULTS : EXPOSED_HEADERS);
  readable.headers.append("vary", "Origin");
  return readable;
}
