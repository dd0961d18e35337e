import { createRandom } from "../../random.ts";

const random = createRandom(1);
const from = (alphabet: string, length: number): string =>
  Array.from({ length }, () => alphabet[Math.floor(random() * alphabet.length)]).join("");

const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const BASE64URL = `${ALPHANUMERIC}-_`;
const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

// Each is put together here, so that no scanner takes this file for a leak.
const jwt = [base64url({ alg: "RS256", typ: "JWT" }), base64url({ sub: "1234567890", name: "Ada", iat: 1516239022 }), from(BASE64URL, 342)];
const pem = (kind: string) =>
  [`-----BEGIN ${kind}-----`, ...Array.from({ length: 24 }, () => from(`${ALPHANUMERIC}+/`, 64)), `-----END ${kind}-----`].join("\n");

/** Real-looking secrets that say by their form what they are, by kind. */
export const SECRETS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(["p", "o", "u", "s", "r"].map((kind) => [`GitHub, gh${kind}`, [`gh${kind}`, from(ALPHANUMERIC, 36)].join("_")])),
  "GitHub, of an app, with a JWT": ["ghs", "123456", jwt.join(".")].join("_"),
  "GitHub, fine-grained": ["github", "pat", from(ALPHANUMERIC, 22), from(ALPHANUMERIC, 59)].join("_"),
  "AWS key id": ["AK", "IA", from(UPPER, 16)].join(""),
  "AWS key id, temporary": ["AS", "IA", from(UPPER, 16)].join(""),
  "our own API key": ["dm", from("0123456789abcdefghjkmnpqrstvwxyz", 8), from(BASE64URL, 43)].join("_"),
  "our own access token": ["2873351", from(BASE64URL, 16), from(BASE64URL, 32)].join(":"),
  JWT: jwt.join("."),
  "JWT without a signature": `${base64url({ alg: "none" })}.${jwt[1]}.`,
  "JWT, encrypted": [base64url({ alg: "dir", enc: "A256GCM" }), "", from(BASE64URL, 16), from(BASE64URL, 80), from(BASE64URL, 22)].join(
    "."
  ),
  "private key": pem(["RSA", "PRIVATE", "KEY"].join(" ")),
  "private key, PKCS 8": pem(["PRIVATE", "KEY"].join(" ")),
  "private key, OpenSSH": pem(["OPENSSH", "PRIVATE", "KEY"].join(" ")),
  "Slack, of a bot": ["xoxb", "123456789012", "1234567890123", from(ALPHANUMERIC, 24)].join("-"),
  "Slack, of a person": ["xoxp", "123456789012", from(ALPHANUMERIC, 24)].join("-"),
  "Slack, webhook": ["hooks.slack.com", "services", "T01234567", "B01234567", from(ALPHANUMERIC, 24)].join("/"),
  Stripe: ["sk", "live", from(ALPHANUMERIC, 24)].join("_"),
  "Stripe, restricted": ["rk", "live", from(ALPHANUMERIC, 24)].join("_"),
  Google: ["AI", "za", from(BASE64URL, 35)].join(""),
  npm: ["npm", from(ALPHANUMERIC, 36)].join("_"),
  Anthropic: ["sk", "ant", "api03", from(BASE64URL, 95)].join("-"),
  OpenAI: ["sk", "proj", from(BASE64URL, 48)].join("-"),
  "OpenAI, of a user": ["sk", from(ALPHANUMERIC, 48)].join("-")
};
