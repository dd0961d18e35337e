import { html } from "./html.ts";

/** The style of every page: the system's fonts and nothing from elsewhere, light or dark as the reader has it. */
export const PAGE_STYLE = html`
:root {
  color-scheme: light dark;
  --ground: #f4f0ea; --card: #fffdfa; --text: #2b2520; --quiet: #665c53; --line: #ddd4c9; --field: #94877a;
  --accent: #8a4a12; --accent-hover: #733c0c; --on-accent: #fff; --caution: #fdf1d8; --caution-line: #b97a12; --fur: #d99a57; --tail: #a8672a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #191613; --card: #23201c; --text: #eee7de; --quiet: #b3a89c; --line: #3d3731; --field: #85796d;
    --accent: #e9ac6b; --accent-hover: #f3c08a; --on-accent: #231605; --caution: #38290f; --caution-line: #d39a3a; --fur: #d0935a; --tail: #96602f;
  }
}
*, ::before, ::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; padding: clamp(1rem, 3vh, 2.5rem) 1rem; background: var(--ground); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere;
}
main, header { max-width: 38rem; margin: 0 auto; }
header {
  display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 0 1rem;
  padding: 0 .25rem .75rem; color: var(--quiet); font-size: .875rem;
}
.wordmark { display: flex; align-items: center; gap: .5rem; color: var(--text); font-size: 1.125rem; font-weight: 650; }
.fur { fill: var(--fur); }
.ear { fill: var(--tail); }
.tail { stroke: var(--tail); }
.face { stroke: #2b2520; }
main { padding: clamp(1.25rem, 5vw, 1.75rem); background: var(--card); border: 1px solid var(--line); border-radius: 1rem; }
h1 { margin: 0 0 1rem; font-size: 1.5rem; line-height: 1.25; font-weight: 500; letter-spacing: -.01em; }
h1 bdi { font-weight: 700; color: var(--accent); }
h1, p { overflow: clip; }
h1 { text-wrap: balance; }
p { margin: 0 0 .75rem; text-wrap: pretty; }
p:last-child { margin-bottom: 0; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .25rem 1rem; margin: 0 0 1rem; }
dt { color: var(--quiet); }
dd { margin: 0; }
dd strong { font-weight: 650; }
.quiet { color: var(--quiet); font-size: .875rem; }
.caution { margin: 0 0 1rem; padding: .625rem .875rem; background: var(--caution); border-left: 4px solid var(--caution-line); border-radius: .375rem; }
fieldset { min-width: 0; margin: 0 0 1.25rem; padding: 0; border: 0; }
legend { padding: 0; font-weight: 650; }
fieldset > p { margin: 0 0 .5rem; }
label {
  display: grid; grid-template-columns: 1.25rem minmax(0, 1fr); gap: 0 .75rem; align-items: start; min-height: 44px; padding: .5rem 0;
  border-top: 1px solid var(--line); cursor: pointer;
}
label:last-of-type { border-bottom: 1px solid var(--line); }
label:has(:disabled) { cursor: default; }
input { width: 1.25rem; height: 1.25rem; margin: .125rem 0 0; border-radius: .1875rem; accent-color: var(--accent); cursor: inherit; }
@media (forced-colors: none) {
  input:disabled { appearance: none; padding: .125rem; background: var(--quiet); }
  input:disabled::before {
    content: ""; display: block; height: 100%; background: var(--card);
    clip-path: polygon(6% 52%, 19% 39%, 38% 58%, 81% 13%, 94% 26%, 38% 85%);
  }
}
label small { display: block; color: var(--quiet); font-size: .875rem; }
code { color: var(--quiet); white-space: nowrap; font: .8125rem/1.5 ui-monospace, monospace; }
.actions { display: flex; flex-wrap: wrap; gap: .75rem; }
button {
  flex: 1 1 10rem; min-height: 48px; padding: .5rem 1.25rem; border: 1px solid var(--field); border-radius: .625rem; background: none;
  color: var(--text); font: inherit; font-weight: 600; cursor: pointer;
}
button:hover { border-color: var(--text); }
button.primary { flex-grow: 2; background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
button.primary:hover { background: var(--accent-hover); border-color: var(--accent-hover); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; }
footer { margin-top: 1.25rem; color: var(--quiet); font-size: .875rem; }
footer p { margin-bottom: .375rem; }
@media (max-width: 30rem) {
  dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  dd:not(:last-child) { margin-bottom: .5rem; }
}
`;
