import type { Scope } from "../../mcp/principal.ts";
import { type Html, html } from "./html.ts";
import { renderPage } from "./page.ts";
import { SCOPE_WORDS } from "./scope-words.ts";

/** A scope on offer. */
export interface OfferedScope {
  readonly scope: Scope;
  /** Whether the client asks for it. */
  readonly isRequested: boolean;
}

/** What a person has to know before a client may act for them. */
export interface ConsentView {
  /** The client's own word, verified by nobody. */
  readonly clientName: string;
  /** The domain that publishes the client's metadata document; absent for a client that registered itself. */
  readonly clientDomain?: string;
  /** The host that access is sent to; the whole URI where it is not of the Web. */
  readonly redirectTarget: string;
  /** An app on the person's computer gets it. */
  readonly redirectIsLocalApp: boolean;
  readonly scopes: readonly OfferedScope[];
  /** Names the authorization request that is kept on the server. */
  readonly handle: string;
  readonly serverHost: string;
}

/** Renders the page that asks whether a client may act for the person in front of it. */
export function renderConsentPage(view: ConsentView): Html {
  // <bdi>: a name may hold marks that turn the direction of what stands around it.
  const client = html`<bdi>${view.clientName}</bdi>`;
  // Autocomplete is off for Firefox, which on a reload would put the boxes and the handle of the page before into this one.
  // The button to continue is the first in the document: it is the one that Enter presses.
  const content = html`<h1>Allow ${client} to use Dormouse as you?</h1>
${renderFacts(view)}
${view.redirectIsLocalApp && LOCAL_APP_WARNING}
<form method="post" action="/authorize" autocomplete="off">
<input type="hidden" name="handle" value="${view.handle}">
<fieldset aria-describedby="asked">
<legend>What it may do</legend>
<p class="quiet" id="asked">What it asks for is checked. Take away or add what you like.</p>
${view.scopes.map(renderScope)}
</fieldset>
<div class="actions">
<button class="primary" name="decision" value="approve">Continue to GitHub</button>
<button name="decision" value="deny">Deny</button>
</div>
</form>
<footer>
<p>GitHub will ask you to sign in. Dormouse keeps GitHub’s token encrypted and never shows it to ${client}.</p>
<p>You can take this back at any time in GitHub → Settings → Applications.</p>
</footer>`;
  return renderPage({ title: "Allow access", serverHost: view.serverHost, content });
}

function renderFacts({ clientDomain, redirectTarget }: ConsentView): Html {
  const publisher =
    clientDomain === undefined
      ? html`It registered itself; its name is not verified.`
      : html`<strong>${clientDomain}</strong> <span class="quiet">verified domain</span>`;
  return html`<dl>
<dt>Who asks</dt><dd>${publisher}</dd>
<dt>Access is sent to</dt><dd><strong>${redirectTarget}</strong></dd>
</dl>`;
}

// Any program on the computer can listen there, or claim the scheme, whatever name or domain the client shows.
const LOCAL_APP_WARNING = html`<p class="caution"><strong>This is an app on this computer.</strong>
Continue only if you have just started signing in from it.</p>`;

function renderScope({ scope, isRequested }: OfferedScope): Html {
  const { allows, detail } = SCOPE_WORDS[scope];
  const words = html`<span>${allows} <code>${scope}</code>${detail !== undefined && html`<small>${detail}</small>`}</span>`;
  // Nothing works without it. A box that is disabled sends nothing, so that its value goes in a hidden field.
  if (scope === "mcp:use") {
    return html`<input type="hidden" name="scope" value="${scope}"><label><input type="checkbox" checked disabled>${words}</label>
`;
  }
  return html`<label><input type="checkbox" name="scope" value="${scope}"${isRequested && html` checked`}>${words}</label>
`;
}
