/** JSON text for people: one line per list of plain values, one line per field of anything else. */
import { ArgumentError, ArgumentTypeError } from "../core/errors.ts";

/**
 * Formats plain data as JSON text that ends in a line feed. Keys keep their order; fields that are
 * `undefined` are left out.
 *
 * @throws RangeError if a number is NaN or infinite: JSON cannot hold it. The message names the field.
 * @throws TypeError if something else has no form in JSON: a function, a bigint, an undefined element.
 */
export function writeJsonText(value: unknown): string {
  return `${format(value, { path: "", indent: "" })}\n`;
}

function format(value: unknown, { path, indent }: { path: string; indent: string }): string {
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw new ArgumentError(`Cannot write ${path || "the value"} as JSON: it is ${value}`);
  }
  if (value === null || ["number", "string", "boolean"].includes(typeof value)) {
    return JSON.stringify(value);
  }
  const deeper = `${indent}  `;
  if (Array.isArray(value)) {
    const items = value.map((item, i) => format(item, { path: join(path, i), indent: deeper }));
    if (value.every((item) => typeof item !== "object" || item === null)) {
      return `[${items.join(", ")}]`;
    }
    return `[\n${items.map((item) => deeper + item).join(",\n")}\n${indent}]`;
  }
  if (typeof value !== "object") {
    throw new ArgumentTypeError(
      `Cannot write ${path || "the value"} as JSON: it is a ${typeof value}`,
    );
  }
  const fields = Object.entries(value).filter(([, field]) => field !== undefined).map(
    ([key, field]) =>
      `${deeper}${JSON.stringify(key)}: ${
        format(field, { path: join(path, key), indent: deeper })
      }`,
  );
  return fields.length === 0 ? "{}" : `{\n${fields.join(",\n")}\n${indent}}`;
}

const join = (path: string, key: string | number) =>
  typeof key === "number" ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`;
