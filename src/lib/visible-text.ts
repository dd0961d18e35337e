/**
 * Takes out of a text what nobody sees and a model reads all the same: characters without a face of their own, those that turn the
 * order of others around, controls but tab and line ends, halves of pairs (U+FFFD stands for them). What people write with such
 * characters stays: emoji, and the joiners of the scripts that need them.
 * Sources: https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point, https://www.unicode.org/reports/tr55/ and
 * https://trojansource.codes
 */
export function toVisible(text: string): string {
  return HIDDEN.test(text) ? text.toWellFormed().replace(KEPT_OR_HIDDEN, "$1") : text;
}

/** Makes every text in a JSON value visible, but for names of members; what needs no change is answered as it is. */
export function toVisibleJson(value: unknown): unknown {
  if (typeof value === "string") return toVisible(value);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => ({ name, member, shown: toVisibleJson(member) }));
  if (members.every(({ member, shown }) => member === shown)) return value;
  if (Array.isArray(value)) return members.map(({ shown }) => shown);
  return Object.fromEntries(members.map(({ name, shown }) => [name, shown]));
}

/** Surrogates are matched where they stand alone only. U+FFF9 to U+FFFB hide an annotation. */
const HIDDEN = /[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Cs}\ufff9-\ufffb[\p{Cc}--[\t\n\r]]]/v;

/** A letter or mark of a script whose words are told apart by joiners: https://www.unicode.org/reports/tr31/#Layout_and_Format_Control_Characters */
const JOINED = String.raw`[[\p{L}\p{M}]&&[${[
  ...["Arab", "Syrc", "Mand", "Mong", "Nkoo", "Rohg", "Adlm"],
  ...["Deva", "Beng", "Guru", "Gujr", "Orya", "Taml", "Telu", "Knda", "Mlym", "Sinh", "Newa", "Tirh", "Mtei", "Cakm", "Gran", "Sylo"],
  ...["Khmr", "Mymr", "Tibt", "Java", "Bali"]
]
  .map((script) => String.raw`\p{scx=${script}}`)
  .join("")}]]`;

const KEPT = [
  // How a pictograph looks, said once: https://www.unicode.org/reports/tr51/#def_emoji_presentation_sequence
  String.raw`(?<=\p{Extended_Pictographic})[\ufe0e\ufe0f]`,
  String.raw`(?<=[0-9#*])\ufe0f(?=\u20e3)`,
  // Families, professions and the like: https://www.unicode.org/reports/tr51/#Emoji_ZWJ_Sequences
  String.raw`(?<=\p{Extended_Pictographic}[\ufe0f\p{Emoji_Modifier}]?)\u200d(?=\p{Extended_Pictographic})`,
  // The flags of England, Scotland and Wales, the only ones that tags spell: https://www.unicode.org/reports/tr51/#valid-emoji-tag-sequences
  String.raw`(?<=\u{1f3f4})\u{e0067}\u{e0062}(?:\u{e0065}\u{e006e}\u{e0067}|\u{e0073}\u{e0063}\u{e0074}|\u{e0077}\u{e006c}\u{e0073})\u{e007f}`,
  `(?<=${JOINED})[\\u200c\\u200d](?=${JOINED})`,
  // Final consonants of Malayalam: https://www.unicode.org/versions/latest/core-spec/chapter-12/
  String.raw`(?<=\u0d4d)\u200d`
];

/** Looks at a few neighbours of each hidden character and never twice at a run of them: a text is read in linear time. */
const KEPT_OR_HIDDEN = new RegExp(`(${KEPT.join("|")})|${HIDDEN.source}+`, "gv");
