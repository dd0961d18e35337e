import type { AwsCredentials } from "./lib/aws-credentials.ts";
import { createNameList, type NameList } from "./lib/name-list.ts";
import type { CallLimits } from "./mcp/calls/host.ts";
import type { LoopLimits } from "./mcp/calls/loop-guard.ts";
import type { RateRule } from "./mcp/calls/rate-limited.ts";
import { DEFAULT_SCOPES, isScope, SCOPES, type Scope } from "./mcp/principal.ts";
import { createKeyring, type Keyring } from "./mcp/signed/keyring.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Every default, in one place. Times are milliseconds, sizes bytes. */
export const DEFAULTS = {
  bodyBytes: MIB,
  nesting: 64,
  stream: { silenceMs: 500, retryMs: 1000, queueBytes: MIB, kept: { events: 256, length: MIB } },
  socket: { messageBytes: MIB, nesting: 64, inFlight: 32, messagesPerSecond: 200, unheardBytes: 16 * MIB, credentialsMs: 30 * SECOND },
  socketsPerSession: 8,
  stateless: {
    /** How long a client may keep a list: lists change with a deploy only. */
    listTtlMs: MINUTE,
    /** How long a person may take to answer before the request must be made anew. */
    stateTtlMs: 60 * MINUTE,
    subscriptionsPerHome: 32,
    /** Less than the idle timeouts of proxies, which are a minute at the least. */
    keepAliveMs: 25 * SECOND
  },
  /** How long a question to the client may wait for its answer. */
  askMs: 5 * MINUTE,
  call: { callMs: 9 * SECOND, attachedMs: 9 * SECOND, detachedMs: 15 * MINUTE, detaching: 10, inlineBytes: 64 * KIB } satisfies CallLimits,
  rate: { limit: 60, windowMs: MINUTE } satisfies RateRule,
  /** For how long a session may use what it leased of the rate limit. */
  leaseMs: 5 * SECOND,
  loops: { calls: 5, windowMs: MINUTE, remembered: 200 } satisfies LoopLimits,
  /** How long a key stands for its first call, and how long a repetition waits for that one's end. */
  keys: { ttlMs: DAY, waitMs: 8 * SECOND },
  /** Runs of one principal: how many are driven at a time, how many may be open, and how often it is seen to that those at work are. */
  runs: { concurrency: 4, maxOpen: 20, lookMs: 30 * SECOND },
  /** A result is stored in parts, because a row holds 2 MB at most; a page of it is a message. */
  results: {
    ...{ partBytes: 512 * KIB, maxBytes: 64 * MIB, quotaBytes: 256 * MIB, maxResults: 1000 },
    ...{ pageBytes: 48 * KIB, previewBytes: 16 * KIB },
    /** How much one page reads while it looks for something. */
    scanBytes: 8 * MIB,
    /** After so long without a part nobody writes any more: longer than any call may take. */
    lostMs: HOUR
  },
  shipping: { delayMs: 5 * SECOND, retryMs: MINUTE } satisfies ShippingTimes,
  /** After this long without a call a session's object gives everything to its principal's home and goes. */
  sessionIdleMs: DAY,
  /** How often a principal's home deletes what is older than it shall be. */
  homeSweepMs: DAY,
  retentionMs: 30 * DAY,
  /** Half a second below the call's own deadline, so that the answer can say which upstream was slow. */
  upstreamMs: 8.5 * SECOND,
  /** How long an isolate believes what it read of a key, token or grant: a revocation bites within this and KV's own minute. */
  credentialCacheMs: 30 * SECOND,
  oauth: {
    accessTokenMs: HOUR,
    /** A grant that nobody uses for so long is forgotten. */
    grantMs: 30 * DAY,
    /** A form, or what a client asks of the token endpoint, is small. */
    formBytes: 64 * KIB,
    /** For how long two requests for the same refresh are taken for one: a client's windows notice together that a token ends. */
    refreshKeptMs: 2 * SECOND,
    /** How long GitHub may take to answer a step of a sign-in. */
    upstreamMs: 10 * SECOND
  }
} as const;

/** What is kept of a call: everything, all but arguments and answers, or nothing. */
export const HISTORY_MODES = ["full", "metadata", "off"] as const;

export type HistoryMode = (typeof HISTORY_MODES)[number];

/** When a session ships its calls to its principal's home, milliseconds. */
export interface ShippingTimes {
  /** After the first call of a burst. */
  readonly delayMs: number;
  /** After a failure, and while a call that was shipped open is not settled. */
  readonly retryMs: number;
}

/** The settings of a deployment. */
export interface Config {
  /** Serves loopback without credentials; see {@link LOCAL_SECRET_PREFIX}. */
  readonly isLocal: boolean;
  /** Absent until `DORMOUSE_SECRET` is set: without it nothing but `/health` is served. */
  readonly keyring: Keyring | undefined;
  readonly localScopes: readonly Scope[];
  readonly allowedOrigins: ReadonlySet<string>;
  /** The app at GitHub through which people sign in; absent until it is set up. */
  readonly signIn: SignInConfig | undefined;
  readonly github: { readonly apiUrl: string; readonly token: string | undefined };
  /** Absent where calls are not limited. */
  readonly rate: RateRule | undefined;
  /** How many runs of one principal may be open at a time. */
  readonly maxOpenRuns: number;
  readonly history: HistoryMode;
  /** How long a principal's history is kept, milliseconds. */
  readonly retentionMs: number;
  readonly weather: { readonly geocodingUrl: string; readonly forecastUrl: string };
  /** Absent until all that it needs is set. */
  readonly aws: AwsConfig | undefined;
  /** Which settings AWS still lacks, where some are there. */
  readonly awsMissing: readonly string[];
}

/** What the deployer lets others read of their account at AWS. */
export interface AwsConfig {
  readonly region: string;
  readonly credentials: AwsCredentials;
  /** The ids of those who may read. There is no pattern for all: everybody with an account at GitHub can be a principal. */
  readonly principals: ReadonlySet<string>;
  readonly urls: { readonly dynamodb: string; readonly logs: string };
  readonly tables: NameList;
  readonly logGroups: NameList;
}

/** How people sign in. Source: https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps */
export interface SignInConfig {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Without a slash at its end. */
  readonly webUrl: string;
  readonly apiUrl: string;
  /** Logins in lower case; `undefined` lets in everybody. */
  readonly allowedLogins: ReadonlySet<string> | undefined;
}

/** A secret that is public. It is refused by every server that is not local. */
export const LOCAL_SECRET_PREFIX = "local-only-";

/** Reads the environment, once per isolate. Nothing else reads vars and secrets. */
export function readConfig(env: Env): Config {
  const known = configs.get(env);
  if (known) return known;
  const isLocal = env.DORMOUSE_LOCAL === "1" && (env.DORMOUSE_SECRET ?? "").startsWith(LOCAL_SECRET_PREFIX);
  const secret = usableSecret(env.DORMOUSE_SECRET, isLocal);
  const config: Config = {
    isLocal,
    keyring: secret === undefined ? undefined : createKeyring(secret, usableSecret(env.DORMOUSE_SECRET_PREVIOUS, isLocal)),
    localScopes: readScopes(env.LOCAL_SCOPES),
    allowedOrigins: new Set(readList(env.ALLOWED_ORIGINS)),
    signIn: readSignIn(env),
    github: { apiUrl: env.GITHUB_API_URL, token: env.GITHUB_TOKEN || undefined },
    maxOpenRuns: Number(env.MAX_OPEN_RUNS) || DEFAULTS.runs.maxOpen,
    rate: readRate(env.RATE_LIMIT),
    history: HISTORY_MODES.find((mode) => mode === env.HISTORY) ?? "full",
    retentionMs: (Number(env.RETENTION_DAYS) || 0) * DAY || DEFAULTS.retentionMs,
    weather: { geocodingUrl: env.WEATHER_GEOCODING_URL, forecastUrl: env.WEATHER_FORECAST_URL },
    ...readAws(env)
  };
  configs.set(env, config);
  return config;
}

const configs = new WeakMap<Env, Config>();

function usableSecret(secret: string | undefined, isLocal: boolean): string | undefined {
  if (!secret) return undefined;
  return secret.startsWith(LOCAL_SECRET_PREFIX) && !isLocal ? undefined : secret;
}

function readSignIn(env: Env): SignInConfig | undefined {
  if (!env.GITHUB_CLIENT_ID || !env.GITHUB_CLIENT_SECRET) return undefined;
  const logins = readList(env.ALLOWED_GITHUB_USERS).map((login) => login.toLowerCase());
  return {
    clientId: env.GITHUB_CLIENT_ID,
    clientSecret: env.GITHUB_CLIENT_SECRET,
    webUrl: env.GITHUB_WEB_URL.replace(/\/$/, ""),
    apiUrl: env.GITHUB_API_URL.replace(/\/$/, ""),
    allowedLogins: logins.length > 0 ? new Set(logins) : undefined
  };
}

function readAws(env: Env): Pick<Config, "aws" | "awsMissing"> {
  const region = AWS_REGION.test(env.AWS_REGION) ? env.AWS_REGION : "";
  const principals = readList(env.AWS_PRINCIPALS).filter((id) => PRINCIPAL_ID.test(id));
  const lists = [...readList(env.DYNAMODB_TABLES), ...readList(env.LOG_GROUPS)];
  const needed = {
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: env.AWS_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY: env.AWS_SECRET_ACCESS_KEY,
    AWS_PRINCIPALS: principals[0],
    "DYNAMODB_TABLES or LOG_GROUPS": lists[0]
  };
  const missing = Object.entries(needed).flatMap(([name, value]) => (value ? [] : [name]));
  if (missing.length > 0) {
    const isBegun = missing.length < Object.keys(needed).length || Boolean(env.AWS_REGION || env.AWS_PRINCIPALS);
    return { aws: undefined, awsMissing: isBegun ? missing : [] };
  }
  const domain = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  const aws: AwsConfig = {
    region,
    credentials: {
      accessKeyId: env.AWS_ACCESS_KEY_ID,
      secretAccessKey: env.AWS_SECRET_ACCESS_KEY,
      sessionToken: env.AWS_SESSION_TOKEN || undefined
    },
    principals: new Set(principals),
    urls: {
      dynamodb: env.DYNAMODB_URL || `https://dynamodb.${region}.${domain}`,
      logs: env.LOGS_URL || `https://logs.${region}.${domain}`
    },
    tables: createNameList(readList(env.DYNAMODB_TABLES)),
    logGroups: createNameList(readList(env.LOG_GROUPS))
  };
  return { aws, awsMissing: [] };
}

/** https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html */
const AWS_REGION = /^[a-z]{2}(?:-[a-z]+){1,3}-\d{1,2}$/;

const PRINCIPAL_ID = /^(?:local|key:[a-z0-9]+|github:\d+)$/;

function readScopes(text: string | undefined): readonly Scope[] {
  if (text === "all") return SCOPES;
  const scopes = readList(text).filter(isScope);
  return scopes.length > 0 ? scopes : DEFAULT_SCOPES;
}

/** Reads `<calls>/<seconds>`, at most 9999 calls, or `off`. What cannot be read is the default: a limit is not lifted by a slip. */
function readRate(text: string | undefined): RateRule | undefined {
  if (text === "off") return undefined;
  const [, limit, seconds] = /^([1-9]\d{0,3})\/([1-9]\d{0,4})$/.exec(text ?? "") ?? [];
  return limit === undefined ? DEFAULTS.rate : { limit: Number(limit), windowMs: Number(seconds) * SECOND };
}

const readList = (text: string | undefined): string[] =>
  (text ?? "")
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
