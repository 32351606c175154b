/** Networks and schedules of the zoo, as command lines name them: `zoo:NAME`, `zoo:NAME/FILE`. */
import { join } from "@std/path";
import { parseScaleSchedule } from "../../src/calibration/scale_schedule_json.ts";
import { readRegularFile } from "../../src/core/file_system.ts";
import { download } from "../../src/datasets/download_files.ts";
import { downloadsFolder } from "../../src/datasets/locate_files.ts";
import type { ScaleSchedule } from "../../src/machines/scale_schedule.ts";
import { readAddress, readZooFile } from "../../src/zoo/zoo_files.ts";
import {
  findZooEntry,
  schedulesAt,
  zooEntries,
  type ZooEntry,
  type ZooFile,
  type ZooTimes,
} from "../../src/zoo/zoo_index.ts";
import { CommandError } from "../cli/command.ts";
import { commandLine } from "../cli/invocation.ts";

/** What the names of the zoo begin with on the command line. */
export const zooPrefix = "zoo:";

/** Whether a word names something of the zoo. */
export const isZooWord = (word: string): boolean => word.startsWith(zooPrefix);

/** The name in a word such as `zoo:NAME` or `zoo:NAME/FILE`, and the file. */
function partsOf(word: string): { readonly name: string; readonly file: string | undefined } {
  const [name = "", ...file] = word.slice(zooPrefix.length).split("/");
  return { name, file: file.length === 0 ? undefined : file.join("/") };
}

/**
 * The entry that a word such as `zoo:NAME` means; undefined if the word means something else.
 *
 * @throws ArgumentError if the zoo has none of the name.
 */
export function zooEntryOf(word: string): ZooEntry | undefined {
  return isZooWord(word) ? findZooEntry(word.slice(zooPrefix.length)) : undefined;
}

/** Where what does not ship is kept; `.ci/grants.ts` knows the same folder. */
const keptFolder = () => join(downloadsFolder(), "zoo");

/** Fetches a file with an address of its own, unless it is here already; it is whole and right, or not here. */
async function fetchOnce(
  { address, bytes, sha256 }: ZooFile,
  folder: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const path = join(folder, sha256);
  await Deno.mkdir(folder, { recursive: true });
  await download({
    name: address,
    bytes,
    checksum: { algorithm: "sha256", hex: sha256 },
    remedy: () => `fetch it by another way and put it at ${path}`,
  }, { url: address, path, attempts: 2 });
  return await readRegularFile(path);
}

/**
 * Reads a file of the zoo, from the package or from where it is published; it is verified.
 *
 * @param options.folder Where what does not ship is kept.
 */
export function readZoo(
  file: ZooFile,
  { folder = keptFolder() }: { readonly folder?: string } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  return readZooFile(file, {
    read: (url) => URL.canParse(file.address) ? fetchOnce(file, folder) : readAddress(url, file),
  });
}

/** A schedule of the zoo under the name by which it can be asked for. */
export interface ZooScheduleFound {
  /** `zoo:NAME/FILE`. */
  readonly path: string;
  readonly schedule: ScaleSchedule;
}

async function readSchedules(files: readonly ZooFile[]): Promise<ZooScheduleFound[]> {
  return await Promise.all(files.map(async (file) => {
    const path = zooPrefix + file.address;
    const text = new TextDecoder().decode(await readZoo(file));
    return { path, schedule: parseScaleSchedule(text, path) };
  }));
}

/**
 * The schedules that a word means: the one of `zoo:NAME/FILE`, or those of `zoo:NAME` for the times that are
 * asked for, else for the entry's main ones.
 *
 * @throws ArgumentError or CommandError if there are none.
 */
export async function zooSchedules(word: string, times: ZooTimes): Promise<ZooScheduleFound[]> {
  const { name, file } = partsOf(word);
  const entry = findZooEntry(name);
  const wanted = file === undefined
    ? schedulesAt(entry, times)
    : entry.schedules.filter(({ address }) => fileOf(address) === file);
  if (wanted.length > 0) return await readSchedules(wanted);
  const known = entry.schedules.map(({ address }) => fileOf(address)).join(", ");
  throw new CommandError(
    `Cannot take scales of ${word}: the zoo has ${
      known === "" ? "no schedules" : `${known} of it, and none for these times`
    }; make one with ${commandLine(`calibrate --run ${zooPrefix}${name}`)}`,
  );
}

/** The times at which an entry has most scales. */
export function finestTimes(word: string): ZooTimes {
  const { schedules } = findZooEntry(partsOf(word).name);
  return { steps: Math.max(...schedules.map(({ steps }) => steps)) };
}

/** Name of a file in its entry's folder. */
const fileOf = (address: string) => address.replace(/^.*\//, "");

/** The schedules that the zoo has for exactly these weights; none, if they are not in the zoo. */
export async function schedulesForWeights(
  sha256: string,
  times: ZooTimes,
): Promise<ZooScheduleFound[]> {
  const entry = zooEntries.find(({ weights }) => weights.sha256 === sha256);
  return entry === undefined ? [] : await readSchedules(schedulesAt(entry, times));
}

/** A file that a word such as `zoo:NAME` (its network) or `zoo:NAME/FILE` (a schedule) means. */
export async function zooInput(
  word: string,
): Promise<{ readonly path: string; readonly bytes: Uint8Array<ArrayBuffer> }> {
  const { name, file } = partsOf(word);
  const entry = findZooEntry(name);
  const found = [entry.weights, ...entry.schedules].find(({ address }) =>
    fileOf(address) === (file ?? fileOf(entry.weights.address))
  );
  if (found === undefined) {
    const known = [entry.weights, ...entry.schedules].map(({ address }) => fileOf(address));
    throw new CommandError(`Cannot find ${word}: the zoo has ${known.join(", ")} of ${name}`);
  }
  return { path: zooPrefix + found.address, bytes: await readZoo(found) };
}
