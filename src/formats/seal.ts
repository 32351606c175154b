/** Plain data that carries a checksum of itself, so that a changed, swapped or lost part is noticed. */
import { crc32 } from "./crc32.ts";

/** Name of the field with the checksum. */
export const sealKey = "check";

/** How a file or a record fits its checksum; one of an earlier release has none. */
export type SealState = "intact" | "broken" | "none";

/**
 * CRC-32 of plain data as JSON, as 8 hexadecimal digits. The order of fields does not matter, fields that
 * are `undefined` count as absent, and so does a checksum that is there already.
 *
 * @param before Checksum of what goes before, where records follow each other; absent: nothing does.
 */
export function checkOf(value: object, before?: string): string {
  const { [sealKey]: _, ...content } = value as Record<string, unknown>;
  return checkOfBytes(encoder.encode(JSON.stringify(sorted(content))), before);
}

const encoder = new TextEncoder();

/** Plain data with the fields of every object in their order; lists of numbers are not copied. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    return value.some((each) => typeof each === "object") ? value.map(sorted) : value;
  }
  const entries = Object.entries(value).map(([key, field]) => [key, sorted(field)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => a < b ? -1 : 1));
}

/** CRC-32 of bytes, as 8 hexadecimal digits; `before` is the checksum of what goes before. */
export function checkOfBytes(bytes: Uint8Array, before = "00000000"): string {
  return crc32(bytes, Number.parseInt(before, 16)).toString(16).padStart(8, "0");
}

/** Plain data with its checksum as the last field. */
export function seal<T extends object>(
  value: T,
  before?: string,
): T & { readonly [sealKey]: string } {
  return { ...value, [sealKey]: checkOf(value, before) };
}

/** Whether data fits the checksum that it carries. */
export function sealState(value: object, before?: string): SealState {
  if (!Object.hasOwn(value, sealKey)) return "none";
  const { [sealKey]: said } = value as { readonly [sealKey]: unknown };
  return said === checkOf(value, before) ? "intact" : "broken";
}
