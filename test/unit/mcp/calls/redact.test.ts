import { describe, expect, it, vi } from "vitest";
import type { JsonObject } from "../../../../src/lib/json.ts";
import { cut } from "../../../../src/lib/text.ts";
import { redactJson, showAnswer, showArguments, showText } from "../../../../src/mcp/calls/redact.ts";
import { redactText } from "../../../../src/mcp/calls/redact-text.ts";
import { createRandom } from "../../random.ts";
import { SECRETS } from "./secrets.ts";

const SECRET = SECRETS["GitHub, ghp"] ?? "";

describe("redactJson", () => {
  it("hides the whole value of a member that is named as a secret, at any depth", () => {
    const value = { user: "ada", login: { password: "x", pin: 7 }, list: [{ api_key: 12345 }], credentials: { id: "a", key: ["b"] } };
    expect(redactJson(value)).toEqual({
      user: "ada",
      login: { password: "[redacted]", pin: 7 },
      list: [{ api_key: "[redacted]" }],
      credentials: "[redacted]"
    });
  });

  it("hides what looks like a secret in any text, names included", () => {
    expect(redactJson([`see ${SECRET}`, { [SECRET]: 1, body: '{"password":"x"}' }])).toEqual([
      "see [redacted]",
      { "[redacted]": 1, body: '{"password":"[redacted]"}' }
    ]);
  });

  it("hides the value of a pair whose name is a secret's", () => {
    const header = (name: string) => ({ name, value: "abc" });
    expect(redactJson([header("Authorization"), header("Accept")])).toEqual([
      { name: "Authorization", value: "[redacted]" },
      { name: "Accept", value: "abc" }
    ]);
  });

  it("leaves what hides nothing", () => {
    const value = { password: null, hasToken: true, secret: "", token: false, max_tokens: 5, n: [1, 2.5, "text"], nextToken: "abc" };
    expect(redactJson(value)).toEqual(value);
  });

  it("takes __proto__ for a name like any other", () => {
    const text = '{"__proto__":{"a":1},"b":"c"}';
    expect(JSON.stringify(redactJson(JSON.parse(text) as JsonObject))).toBe(text);
  });

  it("changes nothing when it is done again", () => {
    const once = redactJson({ password: "x", text: `token=${SECRET}` });
    expect(redactJson(once)).toEqual(once);
  });
});

describe("showAnswer", () => {
  it("hides in the items of an answer what their members are named for, whatever kind of value that is", () => {
    const item = { id: 7, password: ["hunter2"], secret: { $binary: "aHVudGVyMg==" }, list: [{ name: "Authorization", value: "hunter2" }] };
    const hidden = JSON.stringify(redactJson(item));
    expect(hidden).not.toContain("hunter2");
    expect(showAnswer(`2 items:\n${JSON.stringify(item)}\n12: ${JSON.stringify(item)}`, 500)).toBe(`2 items:\n${hidden}\n12: ${hidden}`);
    expect(showAnswer(`Its output: ${JSON.stringify([item])}`, 500)).toBe(`Its output: [${hidden}]`);
  });

  it("cuts as the text of anything else, and leaves what is no JSON", () => {
    const text = `a {b\n${JSON.stringify({ long: "x".repeat(600) })}\nmore`;
    expect(showAnswer(text, 500)).toBe(cut(text, 500));
    expect(showAnswer('web/[$LATEST]0: "x"\n\nend', 500)).toBe('web/[$LATEST]0: "x"\n\nend');
  });

  it.each(Object.entries(SECRETS))("hides a secret that stands in it: %s", (_, secret) => {
    for (const text of [`one\n${secret}\nmore`, `one {\n${JSON.stringify({ text: secret })}`])
      expect(showAnswer(text, 500)).not.toContain(secret);
  });
});

describe("showArguments", () => {
  it("writes what fits as it is", () => {
    const args = { owner: "octocat", repo: "hello", page: 2, q: 'a "quoted" word' };
    expect(showArguments(args, 8192)).toBe(JSON.stringify(args));
  });

  it.each(Object.entries(SECRETS))("shows no half of a secret at any cut: %s", (_, secret) => {
    const args = { note: `look: ${secret}`, more: "text" };
    for (let limit = 2; limit < 60; limit++)
      expect(showArguments(args, limit)).toBe(cut('{"note":"look: [redacted]","more":"text"}', limit));
  });

  it("shows the same as all of the arguments redacted and cut", () => {
    const random = createRandom(4);
    const parts = [...Object.values(SECRETS), "word ", "\n", '"', "password=", "x".repeat(300), "é"];
    const text = () => Array.from({ length: random() * 4 }, () => parts[Math.floor(random() * parts.length)]).join("");
    for (let round = 0; round < 500; round++) {
      const args = { a: text(), [`${round}`]: [text(), round, { token: text(), b: text() }], c: { d: text() }, e: text() };
      for (const limit of [10, 60, 200, 1000, 5000]) expect(showArguments(args, limit)).toBe(cut(JSON.stringify(redactJson(args)), limit));
    }
  });

  it("reads little more of a mebibyte than it shows", () => {
    const replace = vi.spyOn(String.prototype, "replace");
    const args = { file: "token ".repeat(170_000), list: Array.from({ length: 50_000 }, () => "a token") };
    expect(showArguments(args, 8192)).toHaveLength(8192);
    const lengths = replace.mock.contexts.map((text) => String(text).length);
    replace.mockRestore();
    expect([Math.max(...lengths) < 20_000, lengths.length < 20]).toEqual([true, true]);
  });
});

describe("showText", () => {
  it.each(Object.entries(SECRETS))("recognises a secret that the limit cuts through: %s", (_, secret) => {
    const before = "a word ".repeat(71);
    for (const limit of [490, 498, 500, 505]) {
      expect(showText(`${before}${secret} ${"more ".repeat(10_000)}`, limit)).toBe(cut(`${before}[redacted] ${"more ".repeat(10)}`, limit));
    }
  });

  it("shows the same as all of the text redacted and cut", () => {
    const random = createRandom(5);
    const parts = [
      ...Object.values(SECRETS),
      " ",
      "word ",
      "\n",
      '"',
      "'",
      "\\",
      "password=",
      '"token": "',
      "https://ada:lovelace@a.example/",
      "Cookie: ",
      "é"
    ];
    for (let round = 0; round < 3000; round++) {
      const text = Array.from({ length: random() * 30 }, () => parts[Math.floor(random() * parts.length)]).join("");
      for (const limit of [1, 5, 20, 100, 500])
        expect(showText(text, limit), JSON.stringify([text, limit])).toBe(cut(redactText(text), limit));
    }
  });

  it("goes on behind secrets that are longer than their marks", () => {
    const keys = Array.from({ length: 20 }, () => SECRETS["private key"]).join("\n");
    expect(showText(`${keys}\nthe rest ${"x".repeat(1000)}`, 400)).toBe(
      cut(`${"[redacted]\n".repeat(20)}the rest ${"x".repeat(1000)}`, 400)
    );
  });

  it("marks the cut when the secrets it hid make the rest short enough", () => {
    expect(showText(`${SECRET} and ${SECRET}`, 20)).toBe("[redacted] and [red…");
  });
});
