import { text } from "node:stream/consumers";
import { type LocalServer, startLocalServer } from "../../scripts/upstreams/local-server.ts";

/** A stub of DynamoDB: it knows no tables, and says what a test tells it. */
export interface DynamoDbStub extends LocalServer {
  /** The action and the time, milliseconds, of each request. */
  readonly seen: { readonly action: string; readonly atMs: number }[];
  /** How the next requests are answered, the last answer again and again. */
  answers: readonly { readonly status: number; readonly body: object }[];
}

/** Starts a stub on 127.0.0.1. */
export async function startDynamoDbStub(): Promise<DynamoDbStub> {
  const seen: DynamoDbStub["seen"] = [];
  let answers: DynamoDbStub["answers"] = [];
  let next = 0;
  const server = await startLocalServer(async (request, response) => {
    await text(request);
    seen.push({ action: String(request.headers["x-amz-target"]), atMs: Date.now() });
    const { status, body } = answers[Math.min(next++, answers.length - 1)] ?? { status: 500, body: {} };
    response.writeHead(status, { "content-type": "application/x-amz-json-1.0" }).end(JSON.stringify(body));
  });
  return {
    ...server,
    seen,
    get answers() {
      return answers;
    },
    set answers(said) {
      [answers, next] = [said, 0];
      seen.length = 0;
    }
  };
}

/** A refusal as DynamoDB writes it. */
export const refusal = (type: string, message = "upstream text"): DynamoDbStub["answers"][number] => ({
  ...{ status: 400, body: { __type: `com.amazonaws.dynamodb.v20120810#${type}`, message } }
});
