/** Whether a text is a number as DynamoDB takes it. Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html */
export const isNumber = (text: string): boolean => text.length <= MAX_LENGTH && NUMBER.test(text);

/** Whether a JSON number can stand for a decimal text: DynamoDB keeps 38 digits, a double about 16. */
export function isExactNumber(text: string): boolean {
  const parsed = Number(text);
  if (!isNumber(text) || !Number.isFinite(parsed)) return false;
  return (!Number.isInteger(parsed) || Number.isSafeInteger(parsed)) && normalize(text) === normalize(String(parsed));
}

const NUMBER = /^(?=[+-]?\.?\d)([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/;

const MAX_LENGTH = 200;

/** The same text for equal decimals: sign, digits without zeros around them, exponent. */
function normalize(text: string): string {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = NUMBER.exec(text) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  if (significant === "") return "0";
  const power = Number(exponent) - fraction.length + digits.length - significant.length;
  return `${sign === "-" ? "-" : ""}${significant}e${power}`;
}
