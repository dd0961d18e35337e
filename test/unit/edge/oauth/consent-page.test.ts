import { describe, expect, it } from "vitest";
import { type ConsentView, renderConsentPage } from "../../../../src/edge/oauth/consent-page.ts";
import { SCOPE_WORDS } from "../../../../src/edge/oauth/scope-words.ts";
import { SCOPES, type Scope } from "../../../../src/mcp/principal.ts";
import { HOSTILE_TEXTS, readOutline, readShape } from "./outline.ts";

const offer = (...requested: Scope[]) => SCOPES.map((scope) => ({ scope, isRequested: requested.includes(scope) }));

const VIEW: ConsentView = {
  clientName: "Acme Editor",
  redirectTarget: "editor.acme.example",
  redirectIsLocalApp: false,
  scopes: offer("mcp:use", "github:read"),
  handle: "handle-1",
  serverHost: "dormouse.example"
};

const render = (changes: Partial<ConsentView> = {}) => renderConsentPage({ ...VIEW, ...changes });

/** What a browser would post if the person pressed Enter at once. */
async function readPosted(view: Partial<ConsentView>): Promise<string[][]> {
  const fields = (await readOutline(render(view))).filter(({ name }) => name === "input").map(({ attributes }) => attributes);
  return fields
    .filter((field) => field.name !== undefined && !("disabled" in field) && (field.type !== "checkbox" || "checked" in field))
    .map(({ name = "", value = "" }) => [name, value]);
}

describe("the consent page", () => {
  const places = ["clientName", "clientDomain", "redirectTarget", "handle", "serverHost"] as const;
  it.each(places.flatMap((place) => HOSTILE_TEXTS.map((text) => [place, text] as const)))(
    "keeps a %s of %s a text",
    async (place, text) => {
      const friendly = render({ [place]: "friendly" });
      const hostile = render({ [place]: text });
      expect(await readShape(hostile)).toEqual(await readShape(friendly));
      expect(hostile.toString()).not.toContain(text);
    }
  );

  it("is the same for the same view", () => {
    expect(render().toString()).toBe(render().toString());
  });

  it("says who asks, and for which server", () => {
    const page = render().toString();
    expect(page).toContain("<h1>Allow <bdi>Acme Editor</bdi> to use Dormouse as you?</h1>");
    expect(page).toContain("never shows it to <bdi>Acme Editor</bdi>");
    expect(page).toContain("<span>dormouse.example</span>");
  });

  it("says that nobody verified the name of a client that registered itself", () => {
    expect(render().toString()).toContain("It registered itself; its name is not verified.");
    const verified = render({ clientDomain: "acme.example" }).toString();
    expect(verified).toContain("<strong>acme.example</strong>");
    expect(verified).not.toContain("not verified");
  });

  it("says where access is sent, and warns when that is this computer", () => {
    expect(render().toString()).toContain("<strong>editor.acme.example</strong>");
    expect(render().toString()).not.toContain("on this computer");
    const local = render({ redirectTarget: "127.0.0.1", redirectIsLocalApp: true, clientDomain: "acme.example" }).toString();
    expect(local).toContain("<strong>127.0.0.1</strong>");
    expect(local).toMatch(/on this computer\..*\s+Continue only if you have just started signing in from it\./);
  });

  it("says each scope in plain words and by its name", () => {
    const page = render().toString();
    for (const scope of SCOPES) expect(page).toContain(`${SCOPE_WORDS[scope].allows} <code>${scope}</code>`);
    expect(page).toContain("full access to all your repositories, private ones too");
  });

  it.each<[Scope[], Scope[]]>([
    [
      ["mcp:use", "github:read"],
      ["mcp:use", "github:read"]
    ],
    [["github:write"], ["mcp:use", "github:write"]],
    [[], ["mcp:use"]],
    [[...SCOPES], [...SCOPES]]
  ])("of a client that asks for %j has %j checked", async (requested, checked) => {
    expect(await readPosted({ scopes: offer(...requested) })).toEqual([
      ["handle", "handle-1"],
      ...checked.map((scope) => ["scope", scope])
    ]);
  });

  it("offers only what the server has, and lets nobody take away what everything needs", async () => {
    const boxes = (await readOutline(render({ scopes: offer().slice(0, 3) }))).filter(({ attributes }) => attributes.type === "checkbox");
    expect(boxes.map(({ attributes }) => attributes)).toEqual([
      { type: "checkbox", checked: "", disabled: "" },
      { type: "checkbox", name: "scope", value: "mcp:delete" },
      { type: "checkbox", name: "scope", value: "github:read" }
    ]);
  });

  it("posts to the server, and continues rather than denies on Enter", async () => {
    const elements = await readOutline(render());
    expect(elements.filter(({ name }) => name === "form").map(({ attributes }) => attributes)).toEqual([
      { method: "post", action: "/authorize", autocomplete: "off" }
    ]);
    const buttons = elements.filter(({ name }) => name === "button").map(({ attributes }) => [attributes.name, attributes.value]);
    expect(buttons).toEqual([
      ["decision", "approve"],
      ["decision", "deny"]
    ]);
  });
});
