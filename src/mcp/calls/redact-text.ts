/** What stands where a secret stood. */
export const MARK = "[redacted]";

/**
 * Hides what looks like a secret in free text. It errs on the side of hiding: all that is lost is a word of something that is only shown.
 * Text without any sign of a secret costs one search; redacting twice changes nothing.
 */
export function redactText(text: string): string {
  if (!SIGNS.test(text)) return text;
  return text
    .replace(PRIVATE_KEY, MARK)
    .replace(TOKEN, MARK)
    .replace(HEADER, `$<name>${MARK}`)
    .replace(BEARER, `$<name>${MARK}`)
    .replace(BASIC, (whole, name: string, value: string) => (isBasicCredentials(value) ? name + MARK : whole))
    .replace(ASSIGNMENT, `$<name>${MARK}`)
    .replace(URL_CREDENTIALS, MARK); // the last, for a mark has no "/" that would hide from it what a secret hid
}

// Each pattern takes time in proportion to the text, whoever wrote it. What may go on without end either ends its pattern, so
// that no step back follows, or can only begin where nothing before it could have read the same.

/** A PEM block, also one that was cut before its end. */
const PRIVATE_KEY =
  /-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----[^"-]*(?:-(?!----)[^"-]*)*(?:-----END [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?/g;

/** Tokens that say by their form what they are. */
const TOKEN = new RegExp(
  `(?<![A-Za-z0-9])(?:${[
    "gh[pousr]_\\w{20,}(?:\\.[\\w-]{10,}){0,2}", // GitHub; an app's token may hold a JWT
    "github_pat_\\w{20,}",
    "glpat-[\\w-]{20,}",
    "A[SK]IA[A-Z0-9]{16}(?![A-Za-z0-9])", // AWS access key ids
    "dm_[0-9a-z]{8}_[\\w-]{43,}", // our own API keys
    "\\d{1,20}:[\\w-]{16}:[\\w-]{32}(?![\\w-])", // our own access and refresh tokens, and codes
    "xox[a-z]-[\\w-]{10,}", // Slack
    "xapp-[\\w-]{10,}",
    "hooks\\.slack\\.com/services/[\\w/]{20,}",
    "[sr]k_(?:live|test)_\\w{10,}", // Stripe
    "whsec_[\\w+/=]{16,}",
    "AIza[\\w-]{35,}", // Google
    "GOCSPX-[\\w-]{20,}",
    "ya29\\.[\\w-]{20,}",
    "npm_[A-Za-z0-9]{36,}",
    "hf_[A-Za-z0-9]{30,}",
    "sk-(?=[A-Za-z_-]{0,40}\\d)[\\w-]{20,}" // Anthropic, OpenAI; the digit tells them from names of CSS classes
  ].join("|")})` +
    // JWTs, signed (three parts) or encrypted (five, the second of which may be empty).
    "|(?<![\\w-])eyJ[\\w-]{8,}(?:\\.[\\w-]{4,}|\\.(?=\\.[\\w-]{4}))\\.[\\w-]*(?:\\.[\\w-]+){0,2}",
  "g"
);

/** A mere word, as in "bearer authentication", has no capital, digit or sign behind its first letter. */
const BEARER = /(?<name>\b[Bb]earer[ \t]+)(?=[A-Za-z][a-z-]{0,64}(?:[A-Z0-9_~+=]|\.\w)|[0-9_~+/=]|[\w.~+/=-]{24})[\w.~+/=-]{8,}/g;

const BASIC = /(\b[Bb]asic[ \t]+)([A-Za-z0-9+/_-]{6,}={0,2})/g;

/** Whether it is what RFC 7617 says, `user:password` in base 64: there are too many words after "basic" to guess. */
function isBasicCredentials(value: string): boolean {
  return /^[^\p{Cc}\ufffd]*:[^\p{Cc}\ufffd]*$/u.test(Buffer.from(value, "base64").toString("utf8"));
}

const PAGING = "(?<!(?:progress|next|prev|previous|page|continuation|start|starting|forward|backward|resume|sync|clientrequest)[-_ ]?)";

/** How the name of a secret ends; what `secret-name.ts` knows and prose does not use for other things. */
const NAME = [
  "passw(?:or)?d|passphrase|pwd|secret|credentials?",
  `${PAGING}token`,
  "(?:api|secret|private|access|signing|encryption|account)[-_ ]?(?:access[-_ ]?)?key(?:[-_ ]?id)?",
  "session[-_ ]?id",
  "x-amz-(?:signature|credential)|(?<=[?&])sig"
].join("|");

const IS = "[ \\t]*(?::=?|=>?)(?![:=])[ \\t]*";

/** What stands where a value would, and is none: a type, a placeholder, the beginning of a structure. */
const NO_VALUE =
  "(?:null|undefined|none|true|false|string|str|number|boolean|any|unknown|required|optional)(?=[\\s\"'`,;&)}\\]|?\\\\]|$)" +
  "|[{[](?=[\\s\"'{]|$)|\\$\\{";

/** The rest of the line behind the name of a header that is secret as a whole. */
const HEADER = new RegExp(
  `(?<name>\\b(?:authorization|cookie)\\\\*["']?${IS}\\\\*["']?)(?=[^\\s"'\\\\])(?!${NO_VALUE})[^"'\\\\\\r\\n]+`,
  "gi"
);

/** A value behind a name or a flag that says what it is: `password=…`, `"token": "…"`, `?access_token=…`, `--token …`. */
const ASSIGNMENT = new RegExp(
  `(?<name>(?:${NAME})(?:\\\\*["']?${IS}|(?<=--[a-z-]{0,48})[ \\t]+(?!-))\\\\*["']?)` +
    `(?:${[
      // In quotes, the closing one of which may be cut off: in JSON within JSON, in JSON, in a shell.
      '(?<=\\\\")(?=[^"\\r\\n])[^"\\\\\\r\\n]*(?:\\\\(?!")[^"\\\\\\r\\n]*)*',
      '(?<=")(?=[^"\\r\\n])[^"\\\\\\r\\n]*(?:\\\\[^\\r\\n][^"\\\\\\r\\n]*)*',
      "(?<=')(?=[^'\\r\\n])[^'\\\\\\r\\n]*(?:\\\\[^\\r\\n][^'\\\\\\r\\n]*)*",
      // Without them; what is a line's end in JSON ends the value.
      `(?<!["'])(?!${NO_VALUE})[^\\s"'\`,;&\\\\]+(?:\\\\(?![nrt"'])[^\\s"'\`,;&\\\\]*)*`
    ].join("|")})`,
  "gi"
);

/** `user:password` before the host of an address. A password that holds an `@` of its own goes with it. */
const URL_CREDENTIALS = /(?<=:\/\/)[^\s/?#"'<>:@]*:[^\s/?#"'<>]+(?=@)/g;

/** What the patterns cannot do without: where it finds nothing, neither does any of them. */
const SIGNS = new RegExp(
  [
    "-----BEGIN|:\\/\\/[^\\s/?#\"'<>:@]*:|authorization|cookie|(?:bearer|basic)[ \\t]",
    "gh[pousr]_|github_pat_|glpat-|A[SK]IA[A-Z0-9]{16}|dm_[0-9a-z]{8}_|xox[a-z]-|xapp-|hooks\\.slack|(?<![a-z0-9])[sr]k[_-]|whsec_",
    "\\d:[\\w-]{16}:|AIza|GOCSPX-|ya29\\.|npm_|hf_|(?<![\\w-])eyJ",
    NAME
  ].join("|"),
  "i"
);
