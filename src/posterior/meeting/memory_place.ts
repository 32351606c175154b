import type { MeetingPlace, MeetingRecord } from "../../core/meeting_place.ts";

/**
 * A place in the memory of one process, where machines of the same process meet: to try what several would do.
 *
 * @example
 * ```ts
 * import { memoryPlace } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await memoryPlace().names(), []);
 * ```
 *
 * @category Posterior
 */
export function memoryPlace(name = "memory"): MeetingPlace {
  const records = new Map<string, MeetingRecord>();
  return {
    name,
    write: (key, record) => Promise.resolve(void records.set(key, structuredClone(record))),
    read: (key) => Promise.resolve(structuredClone(records.get(key))),
    names: () => Promise.resolve([...records.keys()]),
    remove: (key) => Promise.resolve(void records.delete(key)),
  };
}
