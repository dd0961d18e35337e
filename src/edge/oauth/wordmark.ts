import { html } from "./html.ts";

/** The name beside a dormouse that sleeps on its tail. */
export const WORDMARK = html`<span class="wordmark">
<svg viewBox="0 0 48 40" width="42" height="35" fill="none" stroke-linecap="round" aria-hidden="true">
<circle class="fur" cx="26" cy="21" r="16"/>
<path class="fur" d="M3 27c2-8 8-11 14-11l4 19H12c-6 0-10-3-9-8Z"/>
<circle class="ear" cx="15" cy="15" r="4.5"/>
<path class="face" stroke-width="2" d="M10 25q2.5 2.5 5 0M4 28.5h.1"/>
<path class="tail" stroke-width="6" d="M39 19c2 14-10 16-22 15"/>
</svg>
Dormouse</span>`;
