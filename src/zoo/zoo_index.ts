/** Which networks the zoo has: the index, which is a part of this package's code. */
import index from "../../data/zoo/index.json" with { type: "json" };
import { ArgumentError } from "../core/errors.ts";
import { quoted } from "../core/quoted.ts";
import type { MachineName } from "../machines/machine_table.ts";
import type { TimeGridName } from "../samplers/time_grid.ts";

/**
 * A file of the zoo. Whatever is read in its place is compared with the checksum first.
 *
 * @category Zoo
 */
export interface ZooFile {
  /** Where it lies: a path below the zoo's folder, or an address of its own for what does not ship. */
  readonly address: string;
  /** Length in bytes. */
  readonly bytes: number;
  /** SHA-256 in hexadecimal. */
  readonly sha256: string;
}

/**
 * A schedule of scales that was calibrated against a network of the zoo, for one machine at given times.
 *
 * @category Zoo
 */
export interface ZooSchedule extends ZooFile {
  /** The machine. */
  readonly machine: MachineName;
  /** How its times are spread. */
  readonly grid: TimeGridName;
  /** How many there are. */
  readonly steps: number;
}

/**
 * A network of the zoo.
 *
 * @category Zoo
 */
export interface ZooEntry {
  /** Data set, architecture and padding, such as "mnist-resnet-zeros". */
  readonly name: string;
  /** The network, in half precision. */
  readonly weights: ZooFile;
  /** What it was trained on, and how well the machines predict it. */
  readonly card: ZooFile;
  /** Its schedules; those of the main times first. */
  readonly schedules: readonly ZooSchedule[];
}

/**
 * The networks of the zoo, by name.
 *
 * @example
 * ```ts
 * import { zooEntries } from "@els/toolkit";
 * import { assert } from "@std/assert";
 *
 * assert(zooEntries.some(({ name }) => name === "mnist-resnet-zeros"));
 * assert(zooEntries.every(({ weights }) => weights.bytes <= 2 ** 20));
 * ```
 *
 * @category Zoo
 */
export const zooEntries: readonly ZooEntry[] = index.entries as readonly ZooEntry[];

/** Names that a message lists at most. */
const NAMED = 5;

/** How many parts of a name, cut at dashes, another one has too, by their first four letters. */
function likeness(name: string, word: string): number {
  const parts = (text: string) => text.toLowerCase().split(/[^a-z0-9]+/).map((s) => s.slice(0, 4));
  return parts(name).filter((part) => parts(word).includes(part)).length;
}

/**
 * The entry of a name.
 *
 * @throws ArgumentError that lists the names most like it, if there is none.
 */
export function findZooEntry(
  name: string,
  entries: readonly ZooEntry[] = zooEntries,
): ZooEntry {
  const entry = entries.find((each) => each.name === name);
  if (entry !== undefined) return entry;
  const near = entries.map(({ name }) => name)
    .sort((a, b) => likeness(b, name) - likeness(a, name));
  const more = near.length > NAMED ? ` and ${near.length - NAMED} more` : "";
  throw new ArgumentError(
    `Cannot find ${quoted(name)} in the zoo: expected one of ${
      near.slice(0, NAMED).join(", ")
    }${more}`,
  );
}

/**
 * Which schedules are wanted.
 *
 * @category Zoo
 */
export interface ZooTimes {
  /** How times are spread; absent: as in the entry's main schedules. */
  readonly grid?: TimeGridName | undefined;
  /** How many there are; absent: as in the entry's main schedules. */
  readonly steps?: number | undefined;
}

/** The schedules of an entry for the same times: those that are asked for, else the main ones. */
export function schedulesAt(
  { schedules }: Pick<ZooEntry, "schedules">,
  { grid, steps }: ZooTimes,
): readonly ZooSchedule[] {
  const at = (times: ZooTimes) =>
    schedules.filter((each) =>
      each.grid === (times.grid ?? each.grid) && each.steps === (times.steps ?? each.steps)
    );
  const [first] = at({ grid, steps });
  return first === undefined ? [] : at(first);
}
