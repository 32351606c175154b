/** Networks of the zoo by name, with their schedules of scales and their cards. */
import { parseScaleSchedule } from "../calibration/scale_schedule_json.ts";
import type { ScaleSchedule } from "../machines/scale_schedule.ts";
import { readWeights, type TrainedNetwork } from "../networks/weights/weights.ts";
import type { ZooCard } from "./zoo_card.ts";
import { readZooFile, type ZooOptions } from "./zoo_files.ts";
import { findZooEntry, schedulesAt, type ZooTimes } from "./zoo_index.ts";

/**
 * Loads a network of the zoo: in Deno and Node from the package's folder, elsewhere by `fetch`.
 *
 * @example
 * ```ts
 * import { loadZooNetwork, networkDenoiser, startBackend } from "@els/toolkit";
 * import { assertEquals } from "@std/assert";
 *
 * const trained = await loadZooNetwork("mnist-resnet-zeros");
 * assertEquals(trained.network.architecture.imageShape, [32, 32, 1]);
 * await startBackend("wasm");
 * const denoiser = networkDenoiser(trained);
 * denoiser.dispose();
 * ```
 *
 * @param name One of the names of {@linkcode zooEntries}.
 * @throws ArgumentError if there is no such name; the message lists those most like it.
 * @throws DataFormatError if the file is missing, or not the one whose checksum the index has.
 * @throws ToolkitError if it has to be fetched and cannot.
 * @category Zoo
 */
export async function loadZooNetwork(
  name: string,
  options: ZooOptions = {},
): Promise<TrainedNetwork> {
  const { weights } = findZooEntry(name);
  return readWeights(await readZooFile(weights, options), `zoo:${name}`);
}

/**
 * Options of {@linkcode loadZooSchedules}.
 *
 * @category Zoo
 */
export interface LoadZooSchedulesOptions extends ZooOptions, ZooTimes {}

/**
 * Loads the schedules of scales that were calibrated against a network of the zoo, one for each machine,
 * all for the same times.
 *
 * @example
 * ```ts
 * import { loadZooSchedules } from "@els/toolkit/zoo";
 *
 * for (const { machine, steps } of await loadZooSchedules("mnist-resnet-zeros")) {
 *   console.log(machine, steps.map(({ patchSize }) => patchSize));
 * }
 * ```
 *
 * @param name One of the names of {@linkcode zooEntries}.
 * @param options.grid How times are spread. With `steps` it says which are wanted; default: the main ones.
 * @param options.steps How many times there are.
 * @returns None, if there are none for these times.
 * @throws ArgumentError if there is no such name; the message lists those most like it.
 * @throws DataFormatError if a file is missing, or not the one whose checksum the index has.
 * @throws ToolkitError if it has to be fetched and cannot.
 * @category Zoo
 */
export async function loadZooSchedules(
  name: string,
  options: LoadZooSchedulesOptions = {},
): Promise<ScaleSchedule[]> {
  const wanted = schedulesAt(findZooEntry(name), options);
  return await Promise.all(
    wanted.map(async (file) =>
      parseScaleSchedule(
        new TextDecoder().decode(await readZooFile(file, options)),
        `zoo:${file.address}`,
      )
    ),
  );
}

/**
 * Loads the card of a network of the zoo: data set and license, the command that trains it again, how well
 * the machines predict it.
 *
 * @example
 * ```ts
 * import { loadZooCard } from "@els/toolkit/zoo";
 * import { assertMatch } from "@std/assert";
 *
 * const { training } = await loadZooCard("mnist-resnet-zeros");
 * assertMatch(training.command, /^train --preset mnist-small /);
 * ```
 *
 * @param name One of the names of {@linkcode zooEntries}.
 * @throws ArgumentError if there is no such name; the message lists those most like it.
 * @throws DataFormatError if the file is missing, or not the one whose checksum the index has.
 * @throws ToolkitError if it has to be fetched and cannot.
 * @category Zoo
 */
export async function loadZooCard(name: string, options: ZooOptions = {}): Promise<ZooCard> {
  const { card } = findZooEntry(name);
  return JSON.parse(new TextDecoder().decode(await readZooFile(card, options))) as ZooCard;
}
