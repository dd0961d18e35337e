/**
 * Says in our own words why DynamoDB refuses a request that our checks let through; `undefined` for what it does not know.
 * The messages are those that DynamoDB gives, and nothing of them is repeated.
 */
export function explainRefusal(message: string): string | undefined {
  const [, expression = "filter"] = /Invalid (\w+)Expression/.exec(message) ?? [];
  const where = ARGUMENTS[expression.toLowerCase()] ?? "filter";
  if (/only contain non-primary key attributes/.test(message))
    return "filter names a key of the table or index. Keys belong in keyCondition.";
  if (/paths overlap/.test(message)) return "projection names an attribute and a part of it. Name one of the two.";
  if (/starting key/i.test(message)) return "The cursor does not fit the table any more. Query again without it.";
  if (/Syntax error|Invalid function name|Invalid operator|Incorrect operand|undefined/i.test(message))
    return `${where} is not an expression that DynamoDB understands. See https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html`;
  return undefined;
}

const ARGUMENTS: Readonly<Record<string, string>> = { filter: "filter", projection: "projection", keycondition: "keyCondition" };
