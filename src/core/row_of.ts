import { ArgumentError } from "./errors.ts";

/**
 * The row of a table that a name stands for; an object of one's own stands for itself.
 *
 * @param given Name of a row, or an object like one.
 * @param options.table The rows.
 * @param options.what What they are, for messages: "similarity metric".
 * @throws RangeError that lists the names if there is none, or if the object has the name of a row that
 * it is not.
 */
export function rowOf<R extends { readonly name: string }>(
  given: string | R,
  { table, what }: { readonly table: readonly R[]; readonly what: string },
): R {
  const name = typeof given === "string" ? given : given.name;
  const known = table.find((row) => row.name === name);
  if (typeof given === "object" && (known === undefined || known === given)) return given;
  if (typeof given === "string" && known !== undefined) return known;
  throw new ArgumentError(
    typeof given === "string"
      ? `Cannot use the ${what} ${JSON.stringify(name)}: expected one of ${
        table.map((row) => row.name).join(", ")
      }, or an object of your own`
      : `Cannot use a ${what} of your own named ${JSON.stringify(name)}: the name is taken, ` +
        "give it another",
  );
}
