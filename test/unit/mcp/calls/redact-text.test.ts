import { describe, expect, it } from "vitest";
import { redactText } from "../../../../src/mcp/calls/redact-text.ts";
import { createRandom } from "../../random.ts";
import { SECRETS } from "./secrets.ts";

const kinds = Object.entries(SECRETS);
const AWS_SECRET = ["wJalrXUtnFEMI", "K7MDENG", "bPxRfiCYzEXAMPLEKEY"].join("/");
const BASIC = Buffer.from("ada:lovelace").toString("base64");

describe("a secret that says by its form what it is", () => {
  it.each(kinds)("is hidden wherever it stands: %s", (_, secret) => {
    expect(redactText(secret)).toBe("[redacted]");
    expect(redactText(`It is ${secret} now`)).toBe("It is [redacted] now");
    expect(redactText(`(${secret})`)).toBe("([redacted])");
    expect(redactText(`["${secret}","rest"]`)).toBe('["[redacted]","rest"]');
    expect(redactText(`a\n${secret}\nb`)).toBe("a\n[redacted]\nb");
  });

  it("is hidden as often as it stands", () => {
    const secrets = kinds.map(([, secret]) => secret);
    expect(redactText(secrets.join(" "))).toBe(secrets.map(() => "[redacted]").join(" "));
  });

  it("is hidden when a private key was cut before its end, and what follows in JSON is not", () => {
    const cut = SECRETS["private key"]?.slice(0, 700);
    expect(redactText(`Here: ${cut}`)).toBe("Here: [redacted]");
    expect(redactText(JSON.stringify({ pem: cut, next: 1 }))).toBe('{"pem":"[redacted]","next":1}');
  });
});

describe("a secret that its surroundings betray", () => {
  it.each([
    ["password=hunter2", "password=[redacted]"],
    ["password: hunter2, user: ada", "password: [redacted], user: ada"],
    ["PGPASSWORD='two words' psql", "PGPASSWORD='[redacted]' psql"],
    ['token = "a \\"quoted\\" one" # why', 'token = "[redacted]" # why'],
    ['{"clientSecret":"abc","id":1}', '{"clientSecret":"[redacted]","id":1}'],
    ['{"body":"{\\"password\\":\\"abc\\",\\"id\\":1}"}', '{"body":"{\\"password\\":\\"[redacted]\\",\\"id\\":1}"}'],
    ['{"text":"password=abc\\nnext line"}', '{"text":"password=[redacted]\\nnext line"}'],
    ["password=domain\\user;Server=db", "password=[redacted];Server=db"],
    ['"token": "cut off in the mid', '"token": "[redacted]'],
    ["token := abc", "token := [redacted]"],
    ["'api_key' => 'abc'", "'api_key' => '[redacted]'"],
    [`aws_secret_access_key = ${AWS_SECRET}`, "aws_secret_access_key = [redacted]"],
    [`AWS_SECRET_ACCESS_KEY=${AWS_SECRET} aws s3 ls`, "AWS_SECRET_ACCESS_KEY=[redacted] aws s3 ls"],
    [`"SecretAccessKey": "${AWS_SECRET}"`, '"SecretAccessKey": "[redacted]"'],
    ["X-Api-Key: abc", "X-Api-Key: [redacted]"],
    ["Mcp-Session-Id: k.abc.def", "Mcp-Session-Id: [redacted]"],
    ["Authorization: Digest abc def", "Authorization: [redacted]"],
    [`curl -H "Authorization: Basic ${BASIC}" https://a.example`, 'curl -H "Authorization: [redacted]" https://a.example'],
    ["Set-Cookie: sid=1; Path=/\r\nDate: x", "Set-Cookie: [redacted]\r\nDate: x"],
    ["sent Bearer abc.def-123 to", "sent Bearer [redacted] to"],
    ["sent bearer abcdefghijklmnopqrstuvwxyz to", "sent bearer [redacted] to"],
    [`sent Basic ${BASIC} to`, "sent Basic [redacted] to"],
    ["mysql --password hunter2 -u root", "mysql --password [redacted] -u root"],
    ["gh --auth-token=abc pr", "gh --auth-token=[redacted] pr"],
    ["postgres://ada:p@ss@db.example:5432/x", "postgres://[redacted]@db.example:5432/x"],
    ["https://a.example/?access_token=abc&page=2", "https://a.example/?access_token=[redacted]&page=2"],
    ["https://a.example/x?se=1&sig=abc%2B", "https://a.example/x?se=1&sig=[redacted]"],
    ["?X-Amz-Signature=abc&X-Amz-Date=1", "?X-Amz-Signature=[redacted]&X-Amz-Date=1"]
  ])("is hidden: %s", (text, redacted) => {
    expect(redactText(text)).toBe(redacted);
  });
});

describe("harmless text", () => {
  const IMAGE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
  it.each([
    "0af7651916cd43dd8448eb211c80319c0af76519",
    "9b2f7f3a-6a3e-4f3b-9d5c-2f6f8a1b7c0d",
    "call_3kx9q2mf_1a_7qzd failed (ref call_3kx9q2mf_1b_0x2k)",
    `data:image/png;base64,${IMAGE}`,
    "https://user.example:8443/path?page=2#token",
    "ssh://git@github.com/octocat/hello.git, git@github.com:octocat/hello.git",
    "max_tokens: 4096, maxTokens=1, tokens: 12, total_tokens=7, tokenizer: bpe, token_type: bearer",
    'progressToken: 7, nextToken=abc, next_page_token: "x", "NextContinuationToken": "y", pageToken=z, cursor=eyJvZmZzZXQiOjEwfQ',
    "This server supports bearer authentication, basic authentication and Basic TypeScript.",
    "function sign(token: string, secret?: string | undefined): boolean { return token === secret || token == null; }",
    '{"password":null,"token":{"type":"string"},"secret": [ ]}',
    ["env: ", "{{ secrets.TOKEN }}, token: ", "{{ github.token }}, password: ", "{DB}"].join("$"),
    "The monkey keyed the keyboard; the secretary asked the tokenizer in Asia about a task-force, disk-usage-of-the-machine-12345 and risk_test_matrix.",
    "sk-fading-circle-of-a-well-known-stylesheet",
    "password_reset_url, secret_name and authorization_endpoint are names",
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    "npm_config_registry and npm_package_version",
    "1.2.3 (dm_history) eyJhbGciOi is not whole"
  ])("survives byte for byte: %s", (text) => {
    expect(redactText(text)).toBe(text);
  });
});

const FRAGMENTS = [
  ...kinds.map(([, secret]) => secret),
  ...'password=|token: |"secret":"|\'|"|\\|\\"|=|:| |\n|,|;|&|@|://|https://a:|-----|-----BEGIN |PRIVATE KEY-----|eyJ|Bearer |Basic |--token |Cookie: |[redacted]|null|{|[|abc|A1|.|-|_|/|?sig='.split(
    "|"
  )
];

describe("redactText", () => {
  it("changes nothing when it is done again, whatever the text", () => {
    const random = createRandom(2);
    for (let round = 0; round < 5000; round++) {
      const length = 1 + Math.floor(random() * 12);
      const text = Array.from({ length }, () => FRAGMENTS[Math.floor(random() * FRAGMENTS.length)]).join("");
      const once = redactText(text);
      expect(redactText(once), JSON.stringify(text)).toBe(once);
    }
  });

  it("never misses a text for want of a sign", () => {
    const random = createRandom(3);
    for (let round = 0; round < 2000; round++) {
      const text = Array.from({ length: 3 }, () => FRAGMENTS[Math.floor(random() * FRAGMENTS.length)]).join("");
      if (text.includes("BEGIN")) continue; // it would take the line that is added for its own
      expect(redactText(`${text}\na token`), JSON.stringify(text)).toBe(`${redactText(text)}\na token`);
    }
  });

  const MIB = 1024 * 1024;
  const hostile = [
    ...[
      "eyJ",
      "-eyJaaaaaaaa",
      "eyJaaaaaaaa.",
      "token",
      "token=",
      "token \\",
      "-",
      "--token ",
      "-----BEGIN PRIVATE KEY----- -a",
      "://a:",
      "a:"
    ],
    ...[
      "Bearer a-",
      "basic ",
      "ghp_",
      "sk-",
      "authorization:",
      "\\",
      '"',
      " ",
      "a",
      "api ",
      "hooks.slack.com/services/",
      "?sig=",
      "aaaaaaa."
    ]
  ];
  it.each(hostile)("reads a mebibyte of %j in time, whatever it begins with", (part) => {
    for (const start of ["", 'token="', "token=", "http://", "Bearer ", "-----BEGIN PRIVATE KEY-----", "eyJaaaaaaaa"]) {
      const text = `${start}${part.repeat(MIB / part.length)} token`;
      const startedMs = performance.now();
      redactText(text);
      // A hundred times what it takes: what is quadratic takes minutes.
      expect(performance.now() - startedMs).toBeLessThan(5000);
    }
  });
});
