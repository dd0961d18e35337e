import { AwsV4Signer } from "aws4fetch";
import { z } from "zod";
import type { AwsCredentials } from "../lib/aws-credentials.ts";
import type { JsonObject } from "../lib/json.ts";
import { withTimeout } from "../lib/timeout.ts";
import { Denied, InvalidInput, NotFound, type ToolError, UpstreamFailed, UpstreamLimited } from "../mcp/errors.ts";
import { retryRead } from "./retry.ts";

/**
 * The actions that are ever sent, with what their services want of a request. Each of them only reads: what is sent again after a
 * failure can do no harm, though it is a POST. No other action can be named.
 * Sources: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html and
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html
 */
const READS = {
  "DynamoDB_20120810.ListTables": { service: "dynamodb", type: "application/x-amz-json-1.0" },
  "DynamoDB_20120810.DescribeTable": { service: "dynamodb", type: "application/x-amz-json-1.0" },
  "DynamoDB_20120810.Query": { service: "dynamodb", type: "application/x-amz-json-1.0" },
  "DynamoDB_20120810.GetItem": { service: "dynamodb", type: "application/x-amz-json-1.0" },
  "Logs_20140328.DescribeLogGroups": { service: "logs", type: "application/x-amz-json-1.1" },
  "Logs_20140328.FilterLogEvents": { service: "logs", type: "application/x-amz-json-1.1" }
} as const;

/** An action that only reads. */
export type AwsAction = keyof typeof READS;

/** A service, as its signatures name it. */
export type AwsService = (typeof READS)[AwsAction]["service"];

/** The settings of {@link createAws}. */
export interface AwsOptions {
  readonly region: string;
  readonly credentials: AwsCredentials;
  /** Where each service is asked. */
  readonly urls: Readonly<Record<AwsService, string>>;
  /** How long one request may take, its repetitions included, milliseconds. */
  readonly timeoutMs: number;
  /** The call's own signal. */
  readonly signal: AbortSignal;
}

/** One request. */
export interface AwsRequest<T> {
  readonly action: AwsAction;
  readonly input: JsonObject;
  /** What is read of the answer. It holds what AWS holds: make visible what you show. */
  readonly answer: z.ZodType<T>;
  /** What it is about, as a sentence begins with it: `Table orders`. */
  readonly subject: string;
  /** The sentence for what AWS does not find. */
  readonly notFound: string;
  /** Says in our own words what AWS means by the message of a refused request; `undefined` where it cannot. The message itself is never shown. */
  explain?(message: string): string | undefined;
}

/**
 * AWS as the deployer sees it: signed requests that only read, sent at most three times within the deadline. What fails is thrown as
 * one of the classes of `mcp/errors.ts`.
 */
export interface Aws {
  read<T>(request: AwsRequest<T>): Promise<T>;
}

/**
 * Makes a client of AWS for one call.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
 */
export function createAws(options: AwsOptions): Aws {
  return {
    read: (request) =>
      withTimeout(options.timeoutMs, options.signal, async (bounded) => {
        try {
          return await retryRead(bounded, isPassing, () => sendOnce(request, options, bounded));
        } catch (error) {
          if (options.signal.aborted) throw options.signal.reason;
          if (!bounded.aborted || error instanceof Throttled) throw error;
          throw new UpstreamFailed(`AWS did not answer within ${options.timeoutMs / 1000} s. Try again in a minute.`, { cause: error });
        }
      })
  };
}

class PassingFailure extends UpstreamFailed {}

class Throttled extends UpstreamLimited {}

const isPassing = (error: unknown): boolean => error instanceof PassingFailure || error instanceof Throttled;

/** aws4fetch signs and does not send: its own `fetch` would repeat any request ten times. Each attempt has a date of its own, and is signed anew. */
async function sendOnce<T>(request: AwsRequest<T>, options: AwsOptions, signal: AbortSignal): Promise<T> {
  const { service, type } = READS[request.action];
  const signer = new AwsV4Signer({
    url: options.urls[service],
    method: "POST",
    headers: { "content-type": type, "x-amz-target": request.action },
    body: JSON.stringify(request.input),
    allHeaders: true, // AWS wants the type of the content to be signed where it is sent
    ...{ service, region: options.region, accessKeyId: options.credentials.accessKeyId },
    secretAccessKey: options.credentials.secretAccessKey,
    ...(options.credentials.sessionToken !== undefined && { sessionToken: options.credentials.sessionToken })
  });
  const { url, method, headers, body } = await signer.sign();
  // What is signed for one address is not sent to another.
  const init = { method, headers, signal, redirect: "manual", ...(body && { body }) } as const;
  const response = await fetch(url, init).catch((cause: unknown) => {
    throw new PassingFailure("AWS could not be reached. Try again in a minute.", { cause });
  });
  const json = await readJson(response);
  if (response.status !== 200) throw toToolError(response, json, request);
  const parsed = request.answer.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new UpstreamFailed("The answer of AWS could not be read. Try again in a minute.", { cause: parsed.error });
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (cause) {
    if (response.status !== 200) return undefined;
    throw new PassingFailure("The answer of AWS could not be read. Try again in a minute.", { cause });
  }
}

/** What a refusal holds: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html#Programming.Errors.Components */
const refusal = z.object({ __type: z.string().optional(), message: z.string().optional(), Message: z.string().optional() });

type Refusal = "throttled" | "invalid" | "forbidden" | "missing" | "credentials" | "clock" | "passing";

/**
 * What the types of refusals mean. The same one is called by several names.
 * Sources: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/CommonErrors.html,
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/CommonErrors.html and what AWS's own clients send again,
 * https://boto3.amazonaws.com/v1/documentation/api/latest/guide/retries.html
 */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  BandwidthLimitExceeded: "throttled",
  LimitExceeded: "throttled",
  LimitExceededException: "throttled",
  ProvisionedThroughputExceededException: "throttled",
  RequestLimitExceeded: "throttled",
  RequestThrottled: "throttled",
  RequestThrottledException: "throttled",
  SlowDown: "throttled",
  ThrottledException: "throttled",
  Throttling: "throttled",
  ThrottlingException: "throttled",
  TooManyRequestsException: "throttled",
  InternalFailure: "passing",
  InternalServerError: "passing",
  RequestTimeout: "passing",
  RequestTimeoutException: "passing",
  ServiceUnavailable: "passing",
  ServiceUnavailableException: "passing",
  InvalidParameterException: "invalid",
  InvalidTokenException: "invalid",
  SerializationException: "invalid",
  ValidationException: "invalid",
  ValidationError: "invalid",
  AccessDenied: "forbidden",
  AccessDeniedException: "forbidden",
  NotAuthorized: "forbidden",
  OptInRequired: "forbidden",
  ResourceNotFoundException: "missing",
  ExpiredToken: "credentials",
  ExpiredTokenException: "credentials",
  IncompleteSignature: "credentials",
  IncompleteSignatureException: "credentials",
  InvalidClientTokenId: "credentials",
  InvalidSignatureException: "credentials",
  MissingAuthenticationToken: "credentials",
  MissingAuthenticationTokenException: "credentials",
  RequestExpired: "clock",
  RequestTimeTooSkewed: "clock",
  SignatureDoesNotMatch: "credentials",
  UnrecognizedClientException: "credentials"
};

/** A type stands between its namespace and, in the header, the address of it: https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html#operation-error-serialization */
const typeOf = (text: string): string => text.split(":")[0]?.split("#").at(-1) ?? "";

function toToolError<T>(response: Response, json: unknown, { action, subject, notFound, explain }: AwsRequest<T>): ToolError {
  const { __type, message, Message } = refusal.safeParse(json).data ?? {};
  const name = typeOf(__type ?? response.headers.get("x-amzn-errortype") ?? "");
  // The signature of a request that is late expires, by this name as well: https://github.com/boto/botocore/issues/149
  const isLate = name === "InvalidSignatureException" && /signature (?:expired|not yet current)/i.test(message ?? Message ?? "");
  const type = isLate ? "clock" : Object.hasOwn(REFUSALS, name) ? REFUSALS[name] : undefined;
  switch (type) {
    case "throttled":
      return throttled(subject);
    case "invalid":
      return new InvalidInput(explain?.(message ?? Message ?? "") ?? `AWS does not accept these values. ${subject} was not read.`);
    case "missing":
      return new NotFound(notFound);
    case "forbidden":
      logRefusal(response, action, name);
      return new Denied(
        `The AWS credentials of this server may not ${action.split(".")[1]} here. Whoever runs it must allow that in IAM; see docs/deploy.md.`
      );
    case "credentials":
      logRefusal(response, action, name);
      return new UpstreamFailed(
        "AWS does not accept the credentials of this server: they are wrong or have expired. Whoever runs it must set them anew."
      );
    case "clock":
      logRefusal(response, action, name);
      return new UpstreamFailed(
        "AWS takes the time of this request for a wrong one: it was signed too early or too late. Try again in a minute."
      );
    case "passing":
      return passing(response);
    default:
      if (response.status === 429) return throttled(subject);
      if (response.status >= 500) return passing(response);
      logRefusal(response, action, name);
      return new UpstreamFailed(`AWS refused with status ${response.status}.`);
  }
}

const throttled = (subject: string): Throttled =>
  new Throttled(`AWS has throttled this and its repetitions: ${subject} is asked too often. Try again in a minute.`);

const passing = ({ status }: Response): PassingFailure => new PassingFailure(`AWS answered ${status}. Try again in a minute.`);

/** For whoever runs the server. Without the message: of a wrong signature it repeats what was signed, the session's token included. */
function logRefusal({ status, headers }: Response, action: AwsAction, name: string): void {
  const type = name.slice(0, 100);
  console.error(JSON.stringify({ level: "error", event: "aws_refused", action, status, type, request: headers.get("x-amzn-requestid") }));
}
