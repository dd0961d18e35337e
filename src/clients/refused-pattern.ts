const SYNTAX = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html";

/**
 * Says in our own words why CloudWatch Logs refuses a filter pattern, and where in it. The service names the term that it cannot read
 * (`Invalid character(s) in term '…'`); the term is looked for in the pattern. `undefined` for a message that is of something else.
 */
export function explainRefusedPattern(pattern: string, message: string): string | undefined {
  if (!/pattern|term/i.test(message)) return undefined;
  if (/must end with/.test(message)) {
    const text = pattern.trim();
    return `The pattern begins with "${text[0]}" and is not closed: its end, character ${pattern.trimEnd().length}, must be "${text.startsWith("[") ? "]" : "}"}".`;
  }
  const index = indexOfTerm(pattern, message);
  const where = index === undefined ? "" : ` at character ${index + 1}`;
  return `CloudWatch Logs does not understand the pattern${where}. A term with other characters than letters, digits and _ stands in double quotes; conditions on JSON are written { $.level = "error" }. The syntax: ${SYNTAX}`;
}

function indexOfTerm(pattern: string, message: string): number | undefined {
  const [, term] = /term '(.*)'/s.exec(message) ?? [];
  const index = term ? pattern.indexOf(term) : -1;
  return index === -1 ? undefined : index;
}
