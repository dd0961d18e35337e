import { rm } from "node:fs/promises";
import { createServer } from "node:net";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Child } from "./child-process.ts";
import { Failure, parseCommandLine, runScript, UsageError } from "./command-line.ts";
import { type DynamoDbUpstream, startDynamoDb } from "./upstreams/dynamodb.ts";
import { type GitHubUpstream, startGitHub } from "./upstreams/github.ts";
import { type LogsUpstream, startLogs } from "./upstreams/logs.ts";
import { startWeather, type WeatherUpstream } from "./upstreams/weather.ts";
import { PROJECT_ROOT, startWrangler } from "./wrangler.ts";

/** Where the Worker's state stands between starts, below the project's root. */
const STATE = ".dormouse/state";

const HELP = `Runs Dormouse on this machine, with local stand-ins for GitHub, the weather, DynamoDB and CloudWatch Logs. Needs no account,
token or network.

Usage: npm start -- [options]

  --port N   listen on 127.0.0.1:N instead of 8787
  --state D  keep the state in directory D instead of ${STATE}
  --fresh    clear what earlier starts have stored there
  --help     show this text`;

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommandLine(args, {
    port: { type: "string", default: "8787" },
    state: { type: "string", default: STATE },
    fresh: { type: "boolean", default: false },
    help: { type: "boolean", default: false }
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (positionals.length > 0) throw new UsageError(`Unexpected argument '${positionals[0]}'. Try npm start -- --help`);
  const port = toPort(values.port);
  await assertFree(port);
  if (values.fresh) await rm(resolve(PROJECT_ROOT, values.state), { recursive: true, force: true });
  const [github, weather, dynamodb, logs] = await Promise.all([startGitHub(), startWeather(), startDynamoDb(), startLogs()]);
  try {
    return await runWorker(port, values.state, { github, weather, dynamodb, logs });
  } finally {
    await Promise.all([github.close(), weather.close(), dynamodb.close(), logs.close()]);
  }
}

interface Upstreams {
  readonly github: GitHubUpstream;
  readonly weather: WeatherUpstream;
  readonly dynamodb: DynamoDbUpstream;
  readonly logs: LogsUpstream;
}

function toPort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) throw new UsageError(`--port wants a number from 1 to 65535, not '${text}'.`);
  return port;
}

/** wrangler would take another port or fail in the middle of its start; this says it first. */
async function assertFree(port: number): Promise<void> {
  const probe = createServer();
  const problem = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    probe.once("error", resolve).listen(port, "127.0.0.1", () => resolve(undefined));
  });
  if (problem?.code === "EADDRINUSE")
    throw new Failure(
      `Port ${port} is in use. Stop what listens there, or choose another: npm start -- --port ${port < 65_535 ? port + 1 : 8787}`
    );
  if (problem) throw new Failure(`Cannot listen on 127.0.0.1:${port} (${problem.code}). Choose another: npm start -- --port 8787`);
  await new Promise((resolve) => probe.close(resolve));
}

async function runWorker(port: number, state: string, upstreams: Upstreams): Promise<number> {
  const worker = startWrangler(devArguments(port, state, upstreams), {
    // Without it an offline start warns that it cannot fetch the cf object.
    CLOUDFLARE_CF_FETCH_ENABLED: "false"
  });
  const asked = stopRequest(worker);
  const finished = Promise.race([asked.then(() => undefined), worker.ended.then((code) => ({ code }))]);
  const isUp = await Promise.race([answers(port), finished.then(() => false)]);
  if (isUp) console.log(banner(port, state, upstreams));
  const died = await finished;
  await worker.stop();
  if (died === undefined) return 0;
  console.error(`wrangler ended by itself${died.code === null ? "" : ` with exit code ${died.code}`}. Its last lines above say why.`);
  return died.code || 1;
}

function devArguments(port: number, state: string, { github, weather, dynamodb, logs }: Upstreams): readonly string[] {
  const vars = {
    GITHUB_API_URL: github.url,
    GITHUB_TOKEN: github.token,
    WEATHER_GEOCODING_URL: weather.geocodingUrl,
    WEATHER_FORECAST_URL: weather.forecastUrl,
    ...logs.settings,
    ...dynamodb.settings,
    LOCAL_SCOPES: "all"
  };
  // The default inspector port is the same for every wrangler and node, and a second user of it fails.
  const fixed = ["dev", "--local", "--ip", "127.0.0.1", "--inspector-port", "0", "--show-interactive-dev-session=false"];
  return [
    ...fixed,
    "--persist-to",
    state,
    "--port",
    String(port),
    ...Object.entries(vars).flatMap(([name, value]) => ["--var", `${name}:${value}`])
  ];
}

/** Settles at the first signal, or when npm has gone; a second signal ends the worker at once. */
function stopRequest(worker: Child): Promise<void> {
  return new Promise((resolve) => {
    let firstAt: number | undefined;
    const onSignal = () => {
      // npm hands on the Ctrl-C that the terminal has already sent to everyone, so one press arrives twice.
      if (firstAt !== undefined && Date.now() - firstAt > 300) {
        worker.kill();
        process.exit(1);
      }
      firstAt ??= Date.now();
      resolve();
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
    // npm passes SIGTERM to its shell, which dies of it and passes nothing on: all we see is another parent.
    const parent = process.ppid;
    const isBelowNpm = process.env.npm_lifecycle_event !== undefined;
    if (isBelowNpm) setInterval(() => process.ppid !== parent && resolve(), 250).unref();
  });
}

/** Waits as long as it takes: a slow machine needs no other message, and wrangler ends by itself when it cannot start. */
async function answers(port: number): Promise<boolean> {
  for (;;) {
    try {
      await fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(5_000) });
      return true;
    } catch {
      await sleep(200, undefined, { ref: false });
    }
  }
}

function banner(port: number, state: string, { github, weather, dynamodb, logs }: Upstreams): string {
  const url = `http://127.0.0.1:${port}/mcp`;
  return `
  Dormouse is up: ${url}

  Claude Code   claude mcp add --transport http dormouse ${url}
  Inspector     npx @modelcontextprotocol/inspector --transport http --server-url ${url}
  Upstreams     stand-ins on this machine: GitHub at ${github.url}, weather at ${weather.url},
                DynamoDB at ${dynamodb.url},
                CloudWatch Logs at ${logs.url} with the group ${logs.group}
  State         ${state}, kept between starts; npm start -- --fresh clears it

  Ctrl-C stops everything.
`;
}

await runScript(main);
