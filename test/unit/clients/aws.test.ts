import { createHash, createHmac } from "node:crypto";
import { AwsV4Signer } from "aws4fetch";
import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { type AwsRequest, createAws } from "../../../src/clients/aws.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** AWS's own, as its test suite publishes them. They open nothing. */
const SUITE = {
  ...{ accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" },
  ...{ region: "us-east-1", service: "service", datetime: "20150830T123600Z", url: "https://example.amazonaws.com/" }
};

describe("the signer", () => {
  // https://github.com/awslabs/aws-c-auth/tree/main/tests/aws-signing-test-suite/v4, the header-signature.txt of each folder
  it.each([
    ["get-vanilla", { method: "GET" }, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"],
    ["post-vanilla", { method: "POST" }, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"],
    [
      "get-vanilla-query-order-key-case",
      { method: "GET", url: "https://example.amazonaws.com/?Param2=value2&Param1=value1" },
      "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
    ],
    [
      "post-header-key-sort",
      { method: "POST", headers: { "My-Header1": "value1" } },
      "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"
    ],
    [
      "post-x-www-form-urlencoded",
      { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" }, body: "Param1=value1" },
      "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
    ]
  ])("signs %s as AWS publishes it", async (_, request, signature) => {
    const signer = new AwsV4Signer({ ...SUITE, ...request, allHeaders: true });
    expect((await signer.sign()).headers.get("authorization")).toContain(`Signature=${signature}`);
  });
});

interface Sent {
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
  readonly redirect: unknown;
}

function upstream(respond: (attempt: number, signal: AbortSignal | null | undefined) => Response | Promise<Response>): readonly Sent[] {
  const sent: Sent[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init = {}) => {
    const { headers, body, redirect, signal } = init as RequestInit;
    sent.push({ url: String(input), headers: new Headers(headers), body: String(body), redirect });
    return respond(sent.length, signal);
  });
  return sent;
}

const refusal = (status: number, type: string, message = "secret upstream text") =>
  Response.json({ __type: `com.amazon.coral#${type}`, message }, { status });

const CREDENTIALS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "a-secret", sessionToken: undefined };

const REQUEST: AwsRequest<{ TableNames: string[] }> = {
  action: "DynamoDB_20120810.ListTables",
  input: { Limit: 1 },
  answer: z.object({ TableNames: z.array(z.string()) }),
  subject: 'Table "orders"',
  notFound: "There is no such table."
};

function read(options: { sessionToken?: string; timeoutMs?: number; signal?: AbortSignal } = {}, request = REQUEST) {
  const { sessionToken, timeoutMs = 5000, signal = new AbortController().signal } = options;
  const urls = { dynamodb: "https://dynamodb.test/", logs: "https://logs.test/" };
  return createAws({ region: "eu-west-1", credentials: { ...CREDENTIALS, sessionToken }, urls, timeoutMs, signal }).read(request);
}

describe("a request to AWS", () => {
  it("names its action and is signed over its content, its type and its token", async () => {
    const sent = upstream(() => Response.json({ TableNames: ["a"] }));
    expect(await read({ sessionToken: "a-token" })).toEqual({ TableNames: ["a"] });
    const [{ url, headers, body, redirect }] = sent as [Sent];
    expect({ url, body, redirect }).toEqual({ url: "https://dynamodb.test/", body: '{"Limit":1}', redirect: "manual" });
    expect(headers.get("content-type")).toBe("application/x-amz-json-1.0");
    expect(headers.get("authorization")).toBe(authorizationOf(headers, body));
  });

  it.each([
    ["throttled", () => refusal(400, "ThrottlingException")],
    ["over its capacity", () => refusal(400, "ProvisionedThroughputExceededException")],
    ["broken", () => refusal(500, "InternalServerError")],
    ["not there", () => Promise.reject(new TypeError("no route"))]
  ])("is repeated while AWS is %s, signed anew, and then succeeds", async (_, fail) => {
    const sent = upstream((attempt) => (attempt < 3 ? fail() : Response.json({ TableNames: [] })));
    expect(await read()).toEqual({ TableNames: [] });
    expect(sent).toHaveLength(3);
  });

  it.each([
    ["ThrottlingException", 400, 3, "UpstreamLimited", 'AWS has throttled this and its repetitions: Table "orders" is asked too often.'],
    ["Throttling", 400, 3, "UpstreamLimited", "AWS has throttled this"],
    ["RequestLimitExceeded", 400, 3, "UpstreamLimited", "AWS has throttled this"],
    ["LimitExceeded", 400, 3, "UpstreamLimited", "AWS has throttled this"],
    ["RequestThrottledException", 400, 3, "UpstreamLimited", "AWS has throttled this"],
    ["Unheard", 429, 3, "UpstreamLimited", "AWS has throttled this"],
    ["RequestTimeoutException", 408, 3, "UpstreamFailed", "AWS answered 408. Try again in a minute."],
    ["ServiceUnavailable", 503, 3, "UpstreamFailed", "AWS answered 503. Try again in a minute."],
    ["RequestExpired", 400, 1, "UpstreamFailed", "it was signed too early or too late"],
    ["IncompleteSignature", 403, 1, "UpstreamFailed", "they are wrong or have expired"],
    ["MissingAuthenticationToken", 403, 1, "UpstreamFailed", "they are wrong or have expired"],
    ["InvalidSignatureException", 400, 1, "UpstreamFailed", "they are wrong or have expired"],
    ["InternalServerError", 500, 3, "UpstreamFailed", "AWS answered 500. Try again in a minute."],
    ["ValidationException", 400, 1, "InvalidInput", 'AWS does not accept these values. Table "orders" was not read.'],
    ["AccessDeniedException", 400, 1, "Denied", "The AWS credentials of this server may not ListTables here."],
    ["ResourceNotFoundException", 400, 1, "NotFound", "There is no such table."],
    ["ExpiredTokenException", 400, 1, "UpstreamFailed", "they are wrong or have expired"],
    ["UnrecognizedClientException", 400, 1, "UpstreamFailed", "they are wrong or have expired"],
    ["toString", 400, 1, "UpstreamFailed", "AWS refused with status 400."]
  ])("that is refused with %s (%i) is sent %i times and fails as %s", async (type, status, times, name, words) => {
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    const sent = upstream(() => refusal(status, type));
    const error = await read().catch((failure: unknown) => failure);
    expect(error).toMatchObject({ name, message: expect.stringContaining(words) });
    expect(sent).toHaveLength(times);
    expect(JSON.stringify([String(error), log.mock.calls])).not.toContain("secret upstream text");
  });

  it("that was signed too early or too late for AWS is told from wrong credentials", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    upstream(() => refusal(403, "InvalidSignatureException", "Signature expired: 20260801T100000Z is now earlier than 20260801T101000Z"));
    await expect(read()).rejects.toMatchObject({
      name: "UpstreamFailed",
      message: expect.stringContaining("signed too early or too late")
    });
  });

  it("is understood by the header of a refusal whose body says nothing", async () => {
    const headers = { "x-amzn-errortype": "ThrottlingException:http://internal.amazon.com/coral/com.amazon.coral.availability/" };
    const sent = upstream(() => new Response("<html>", { status: 400, headers }));
    await expect(read()).rejects.toMatchObject({ name: "UpstreamLimited" });
    expect(sent).toHaveLength(3);
  });

  it("ends by its deadline and says so, and with its call", async () => {
    const hang = (_: number, signal: AbortSignal | null | undefined) =>
      new Promise<Response>((_resolve, reject) => {
        if (signal?.aborted) reject(signal.reason);
        signal?.addEventListener("abort", () => reject(signal.reason));
      });
    const sent = upstream(hang);
    await expect(read({ timeoutMs: 50 })).rejects.toMatchObject({ message: "AWS did not answer within 0.05 s. Try again in a minute." });
    const controller = new AbortController();
    const stopped = read({ signal: controller.signal });
    controller.abort(new Error("The client has gone."));
    await expect(stopped).rejects.toThrow("The client has gone.");
    expect(sent.length).toBeLessThanOrEqual(2);
  });

  it("is answered by no page of another address", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const sent = upstream(() => new Response(null, { status: 307, headers: { location: "https://elsewhere.test/" } }));
    await expect(read()).rejects.toMatchObject({ message: "AWS refused with status 307." });
    expect(sent).toHaveLength(1);
  });
});

/** The signature as the documentation describes it, written once more: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
function authorizationOf(headers: Headers, body: string): string {
  const date = headers.get("x-amz-date") ?? "";
  const names = ["content-type", "host", "x-amz-date", "x-amz-security-token", "x-amz-target"];
  const signedValue = (name: string) => (name === "host" ? "dynamodb.test" : headers.get(name));
  const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
  const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();
  const canonical = ["POST", "/", "", ...names.map((name) => `${name}:${signedValue(name)}`), "", names.join(";"), sha256(body)].join("\n");
  const scope = `${date.slice(0, 8)}/eu-west-1/dynamodb/aws4_request`;
  const key = scope.split("/").reduce<string | Buffer>(hmac, "AWS4a-secret");
  const signature = hmac(key, ["AWS4-HMAC-SHA256", date, scope, sha256(canonical)].join("\n")).toString("hex");
  return `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/${scope}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
}
