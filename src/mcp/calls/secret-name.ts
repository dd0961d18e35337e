/**
 * Tells whether a member of this name holds a secret, in any casing: `apiKey`, `API_KEY`, `x-api-key`. Only the end of a name
 * counts, because that says what the value is: a `tokenType` is a type, and a `secretName` a name.
 */
export function isSecretName(name: string): boolean {
  if (name.length > MAX_NAME) return false;
  const squeezed = name.replace(/[^a-z0-9]/gi, "").toLowerCase();
  return SECRET.test(squeezed) && !PLACE_IN_LIST.test(squeezed);
}

/** No name that anybody chose for a member is longer. */
const MAX_NAME = 256;

// `token` without an s: `max_tokens`, `totalTokens` and `tokens` count, and a list of real tokens says whose they are.
const SECRET = new RegExp(
  [
    "(?:password|passwd|passphrase|passcode|secret|credential|cookie)s?\\d?$",
    "(?:api|access|secret|private|signing|encryption|master|account|auth|ssh)keys?$",
    "(?:access|refresh|auth|bearer|session|api|id|security)tokens$",
    "(?:token|authorization|sessionid|sessid|accesskeyid|connectionstring)$",
    "(?:password(?:hash|confirm|confirmation)|privatekeypem)$",
    "(?:secret|token|password)(?:value|string|binary)$",
    "^(?:auth|pwd|otp|totp)$"
  ].join("|")
);

/** Tokens that say where a list or a protocol goes on: what MCP (`progressToken`), AWS and Google page with. They open nothing. */
const PLACE_IN_LIST =
  /(?:progress|next|prev|previous|page|paging|pagination|continuation|start|starting|forward|backward|resume|sync|clientrequest|cancellation)token$/;
