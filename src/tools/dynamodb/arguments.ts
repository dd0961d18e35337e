import { z } from "zod";

/** A name and not an ARN, which could lead to another account: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html */
export const tableName = z
  .string()
  .regex(/^[\w.-]{3,255}$/, "is not a name that DynamoDB allows for a table")
  .describe("Name of the table: list_tables shows which there are");

/** Placeholders of expressions and what they stand for. */
export const names = z
  .record(z.string().regex(/^#\w{1,100}$/, "is no placeholder, as in #status"), z.string().min(1).max(255))
  .default({})
  .describe(
    'Attribute names by placeholder, as in {"#status": "status"}: for names with dots, spaces or the like. Reserved words need none'
  );

/** Paths of attributes. */
export const projection = z
  .array(z.string().min(1).max(500))
  .min(1)
  .max(50)
  .optional()
  .describe("Only these attributes, besides the keys, as in total, address.city or lines[0]; all if left out");

/** How values stand in arguments and answers. */
export const VALUES = 'plain JSON, and {"$number": "…"} for a number that JSON would change, {"$binary": "<base64>"}, {"$set": […]}';
