import { type IncomingMessage, type ServerResponse, request as sendRequest } from "node:http";
import type { Answer } from "./github-answer.ts";
import { answerSearch, isRepository, type Repository } from "./github-search.ts";
import { SEED_REPOSITORIES, SEED_USERS, tokenOf } from "./github-seed.ts";
import { type LocalServer, sendJson, startLocalServer } from "./local-server.ts";

/**
 * Starts our own front before the emulator: it adds stars and dates of creation, searches repositories as GitHub does, refuses
 * unknown tokens and takes writes without a body.
 */
export async function startGitHubFront(emulatorUrl: string, port?: number): Promise<LocalServer> {
  const { port: emulatorPort } = new URL(emulatorUrl);
  return startLocalServer(async (request, response) => {
    if (!isKnown(request.headers.authorization)) return sendJson(response, 401, { message: "Bad credentials", status: "401" });
    const url = new URL(request.url ?? "/", `http://${request.headers.host ?? "127.0.0.1"}`);
    const ask = async (path: string, body?: Buffer) =>
      withFacts(withOrigin(await forward(emulatorPort, request, path, body), emulatorUrl, url.origin));
    const isSearch = request.method === "GET" && url.pathname === "/search/repositories" && url.searchParams.get("q");
    send(response, isSearch ? await answerSearch(url, ask) : await ask(request.url ?? "/", await writtenIn(request)));
  }, port);
}

const KNOWN_TOKENS = new Set(SEED_USERS.map(({ login }) => tokenOf(login)));

/** No credentials, a seeded token, or what the emulator itself may have issued: OAuth tokens, a client's Basic, an app's JWT. */
function isKnown(authorization: string | undefined): boolean {
  const token = /^(?:bearer|token) +(.*)$/i.exec(authorization ?? "")?.[1]?.trim();
  return token === undefined || KNOWN_TOKENS.has(token) || /^(?:gh[a-z]_|eyJ)/.test(token);
}

/** GitHub takes a missing body where every field is optional, as in a merge; the emulator does not. */
async function writtenIn(request: IncomingMessage): Promise<Buffer> {
  const body = await bodyOf(request);
  const isWrite = request.method === "POST" || request.method === "PUT" || request.method === "PATCH";
  return isWrite && body.length === 0 ? Buffer.from("{}") : body;
}

function forward(port: string, { method, headers }: IncomingMessage, path: string, body?: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    // The Host stays the front's, because the emulator makes its Link headers from it.
    const forwarded = { ...headers, connection: "close", ...(body && { "content-length": String(body.length) }) };
    delete forwarded["transfer-encoding"];
    const outgoing = sendRequest({ host: "127.0.0.1", port, method, path, headers: forwarded }, (incoming) => {
      const { statusCode: status = 502, headers } = incoming;
      bodyOf(incoming).then((body) => resolve({ status, headers, body }), reject);
    });
    outgoing.once("error", reject).end(body);
  });
}

/** The emulator writes its own address into what it answers; nobody but the front may go there. */
function withOrigin(answer: Answer, from: string, to: string): Answer {
  if (!isText(answer)) return answer;
  const { location } = answer.headers;
  const headers = location === undefined ? answer.headers : { ...answer.headers, location: location.replaceAll(from, to) };
  return { ...answer, headers, body: Buffer.from(answer.body.toString().replaceAll(from, to)) };
}

const isText = ({ headers }: Answer): boolean => /^(?:application\/(?:[\w.+-]+\+)?json|text\/html)/.test(headers["content-type"] ?? "");

const FACTS = new Map(SEED_REPOSITORIES.map(({ owner, name, stars, createdAt }) => [`${owner}/${name}`, { stars, createdAt }]));

function withFacts(answer: Answer): Answer {
  if (!answer.headers["content-type"]?.includes("json") || answer.body.length === 0) return answer;
  const body = Buffer.from(
    JSON.stringify(JSON.parse(answer.body.toString()), (_key, value: unknown) => (isRepository(value) ? withStars(value) : value))
  );
  return { ...answer, body };
}

function withStars(repository: Repository): Repository {
  const facts = FACTS.get(repository.full_name);
  if (facts === undefined) return repository;
  const { stars, createdAt } = facts;
  return { ...repository, stargazers_count: stars, watchers_count: stars, watchers: stars, created_at: createdAt };
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  const { connection: _connection, "transfer-encoding": _encoding, ...kept } = headers;
  const length = status === 204 || status === 304 ? {} : { "content-length": String(body.length) };
  response.writeHead(status, { ...kept, ...length }).end(body);
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  // Without an encoding a stream gives Buffers; its type says any.
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
