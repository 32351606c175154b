/** What calibrate, evaluate and the quickstart read: a trained network, and images for the machine. */
import { join } from "@std/path";
import { readRegularFile } from "../../src/core/file_system.ts";
import type { ImageDataset } from "../../src/datasets/dataset.ts";
import {
  loadDataset,
  type LoadDatasetOptions,
  streamDataset,
} from "../../src/datasets/registry_files.ts";
import type { ClassesFrom, SplitName } from "../../src/datasets/source.ts";
import type { StreamedDataset } from "../../src/datasets/streamed_dataset.ts";
import type { Provenance } from "../../src/core/provenance.ts";
import { networkName } from "../../src/networks/network_name.ts";
import { readAnyWeights } from "../../src/networks/weights/any_weights.ts";
import type { TrainedNetwork } from "../../src/networks/weights/weights.ts";
import { sha256Hex } from "../../src/core/sha256.ts";
import { checkArtifact } from "../../src/runs/artifacts.ts";
import { trainingRuns } from "../../src/runs/find_run.ts";
import { configFile, type RunConfig } from "../../src/runs/run_record.ts";
import { fitProtocol, type SamplingProtocol } from "../../src/samplers/sampling_protocol.ts";
import { CommandError } from "../cli/command.ts";
import { locate } from "./locate.ts";
import type { Reading } from "./reading.ts";
import { isNetworkFolder, loadNetworkFolder, refusePartOfFolder } from "./network_folder.ts";
import { commandLine } from "../cli/invocation.ts";
import { ifAnybodyReads } from "../cli/terminal.ts";
import { checkTrainingRecord, type TrainingRecord } from "./training_record.ts";
import { readZoo, zooEntryOf, zooPrefix } from "./zoo.ts";

/** The network that commands take without one being named. */
export const defaultNetwork = `${zooPrefix}mnist-resnet-zeros`;

/** A network with the file that it came from. */
export interface LoadedNetwork extends TrainedNetwork {
  /** Path of the file, or `zoo:NAME`. */
  readonly path: string;
  readonly sha256: string;
  /** Short name for folders and tables. */
  readonly label: string;
  /** Names of the classes that it was trained on; empty where it does not say. */
  readonly classNames: readonly string[];
}

/** Path of the weights in the folder of a training run. */
async function weightsOfRun(folder: string): Promise<string> {
  const path = join(folder, "weights.safetensors");
  if (await exists(path)) return path;
  if (await exists(join(folder, configFile))) {
    throw new CommandError(
      `${path} is missing: the training run has not saved any weights yet; run ` +
        `${commandLine("train")} again, or name another run`,
    );
  }
  throw new CommandError(
    `${folder} is neither the folder of a training run (weights.safetensors is missing) nor one of ` +
      "diffusers (it has neither model_index.json nor a config.json of a UNet); name another",
  );
}

const exists = (path: string) => Deno.stat(path).then(() => true, () => false);

/** A network, where it came from, and the checksum of that. */
type FoundNetwork = TrainedNetwork & { readonly path: string; readonly sha256: string };

/** The network behind what a user named, verified. */
async function findNetwork(source: string, out: string): Promise<FoundNetwork> {
  const entry = zooEntryOf(source);
  if (entry !== undefined) {
    // Reading has compared the checksum.
    const { weights } = entry;
    const trained = await readAnyWeights(await readZoo(weights), source);
    return { ...trained, path: source, sha256: weights.sha256 };
  }
  const found = await locate(source, { out, kind: trainingRuns });
  const isFolder = (await Deno.stat(found)).isDirectory;
  if (isFolder && await isNetworkFolder(found)) {
    return { ...await loadNetworkFolder(found), path: found };
  }
  const path = isFolder ? await weightsOfRun(found) : found;
  refusePartOfFolder(path);
  const bytes = await readRegularFile(path);
  const sha256 = await sha256Hex(bytes);
  await checkArtifact(path, sha256);
  const onNote = (note: string, option?: string) => {
    const other = option ? `; ${commandLine("convert")} with --${option} takes another` : "";
    ifAnybodyReads(() => console.error(`Note: ${path}: ${note}${other}`));
  };
  return { ...await readAnyWeights(bytes, path, { onNote }), path, sha256 };
}

/**
 * Reads weights from the zoo, from a file, from the folder of a training run, or from one that another
 * program saved.
 *
 * @param source `zoo:NAME`, file, folder, or a run by number, name or "latest".
 * @param options.out Folder in which runs are looked for.
 * @param options.clip How far clean images that it finds are believed; 0: however far; by default as saved.
 */
export async function loadNetwork(
  source: string = defaultNetwork,
  { out = "runs", clip }: { readonly out?: string; readonly clip?: number | undefined } = {},
): Promise<LoadedNetwork> {
  const { clip: saved, ...trained } = await findNetwork(source, out);
  const clips = clip ?? saved ?? 0;
  const { name, dataset, classNames = [] } = checkTrainingRecord(trained.training, trained.path);
  return {
    ...trained,
    ...clips > 0 && { clip: clips },
    label: name ?? networkName(trained.network.architecture, dataset),
    classNames,
  };
}

/** How a folder of images is read. */
export interface FolderFlags {
  readonly split?: SplitName | undefined;
  readonly classesFrom?: ClassesFrom | undefined;
  readonly imagesSeed?: number | undefined;
  readonly skipUnreadable?: boolean | undefined;
}

/** Which images the machine may use. */
export interface ImageFlags extends FolderFlags {
  readonly dataset?: string | undefined;
  readonly images?: number | undefined;
  readonly classes?: readonly number[] | undefined;
  readonly from?: string | undefined;
  readonly colors?: "gray" | "rgb" | undefined;
  readonly maxPixels?: number | undefined;
}

/** How a folder of images is read, of flags or of a training's record. */
export function folderOptions(
  { split, classesFrom, imagesSeed, skipUnreadable }: FolderFlags,
): Pick<LoadDatasetOptions, keyof FolderFlags> {
  return { ...split && { split }, classesFrom, imagesSeed, skipUnreadable };
}

/** How a training of an earlier release took a number of images of a folder. */
const earlierChoice = ({ images, imagesSeed }: TrainingRecord) =>
  images !== undefined && imagesSeed === undefined ? { choice: "first" } as const : {};

/** Channels that images are to have under the flag `--colors`; undefined: as they are. */
export function channelsOf(colors: unknown): 1 | 3 | undefined {
  return colors === "gray" ? 1 : colors === "rgb" ? 3 : undefined;
}

/** Where the training found its images, if it was told. */
async function rememberedPlace(
  { training, path }: Pick<LoadedNetwork, "training" | "path">,
): Promise<string | undefined> {
  const { from } = training;
  if (typeof from !== "string") return undefined;
  try {
    await Deno.stat(from);
    return from;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) {
      throw new CommandError(
        `The images that ${path} was trained on are said to be at ${from}, which is read only if the ` +
          `command line names it: give --from ${from}`,
      );
    }
  }
  throw new CommandError(
    `The images that ${path} was trained on are not at ${from} any more; say with --from where ` +
      "they are now",
  );
}

/** The network's own training images, unless flags say otherwise; sizes must fit. */
export async function loadMachineImages(
  network: LoadedNetwork,
  flags: ImageFlags & Reading,
): Promise<ImageDataset> {
  const { data, expected } = await findMachineImages(network, flags, loadDataset);
  if (expected !== undefined && expected !== data.sha256) {
    throw new CommandError(
      `These images of ${data.name} are not those that ${network.path} was trained on (SHA-256 ` +
        `${data.sha256.slice(0, 12)}.., expected ${
          expected.slice(0, 12)
        }..); name their files with ` +
        `--from, or take these all the same with --dataset ${data.name}`,
    );
  }
  return data;
}

/** The same, to be read tile by tile. Whether they are those of the training is not looked at. */
export async function streamMachineImages(
  network: LoadedNetwork,
  flags: ImageFlags & Reading,
): Promise<StreamedDataset> {
  return (await findMachineImages(network, flags, streamDataset)).data;
}

/** Finds them, and the checksum that those of the training have, if it is these that are asked for. */
async function findMachineImages<Data extends ImageDataset | StreamedDataset>(
  { network, training, path }: LoadedNetwork,
  flags: ImageFlags & Reading,
  open: (name: string, options: LoadDatasetOptions) => Promise<Data>,
): Promise<{ readonly data: Data; readonly expected: string | undefined }> {
  const { dataset, images, classes, from, colors, maxPixels, tell, onProgress, abort } = flags;
  const name = dataset ?? (typeof training.dataset === "string" ? training.dataset : undefined);
  if (name === undefined) {
    throw new CommandError(`${path} does not say what it was trained on; name it with --dataset`);
  }
  const asTrained = dataset === undefined || dataset === training.dataset;
  const count = images ?? (asTrained ? training.images as number | undefined : undefined);
  const some = classes ?? (asTrained ? training.classes as number[] | undefined : undefined);
  const place = from ?? (asTrained ? await rememberedPlace({ training, path }) : undefined);
  const [height, width, channels] = network.architecture.imageShape;
  const record: TrainingRecord = asTrained ? training : {};
  const folder = folderOptions({
    split: flags.split ?? record.split,
    classesFrom: flags.classesFrom ?? record.classesFrom,
    imagesSeed: flags.imagesSeed ?? record.imagesSeed,
    skipUnreadable: flags.skipUnreadable ?? record.skipUnreadable,
  });
  const data = await open(name, {
    ...folder,
    ...images === undefined && flags.imagesSeed === undefined && earlierChoice(record),
    images: count,
    classes: some,
    from: place,
    size: height,
    channels: channelsOf(colors ?? (asTrained ? training.colors : undefined)),
    ...{ maxPixels, tell, onProgress, abort },
  });
  const found = data.images.shape.slice(1);
  if (found.join() !== [height, width, channels].join()) {
    throw new CommandError(
      `Images of ${name} are ${
        found.join(" x ")
      }, the network takes ${height} x ${width} x ${channels}` +
        (found[2] === channels ? "" : `; try --colors ${channels === 1 ? "gray" : "rgb"}`),
    );
  }
  const chosen = [
    dataset,
    images,
    classes,
    colors,
    flags.split,
    flags.classesFrom,
    flags.imagesSeed,
  ]
    .some((flag) => flag !== undefined);
  const known = training.datasetSha256;
  return { data, expected: !chosen && typeof known === "string" ? known : undefined };
}

/** The sampling protocol that flags ask of a network. */
export function protocolFor(network: LoadedNetwork, flags: SamplingProtocol): SamplingProtocol {
  const { classes } = network.network.architecture;
  return fitProtocol(flags, { schedule: network.schedule, classes });
}

/** The part of a run's configuration about network, if there is one, and images. */
export function sourcesIdentity(
  network: LoadedNetwork | undefined,
  data: ImageDataset,
): RunConfig {
  return {
    ...network && { network: network.sha256 },
    ...network?.clip !== undefined && { clip: network.clip },
    dataset: data.name,
    images: data.images.shape[0],
    datasetSha256: data.sha256,
  };
}

/** The part of provenance about network and images. */
export function sourcesProvenance(
  network: LoadedNetwork | undefined,
  data: ImageDataset | StreamedDataset,
): Pick<Provenance, "dataset" | "network"> {
  return {
    dataset: {
      name: data.name,
      split: data.split,
      images: data.images.shape[0],
      classes: [...new Set(data.labels)].sort((a, b) => a - b),
      sha256: data.sha256,
    },
    ...network && {
      network: {
        name: network.label,
        sha256: network.sha256,
        architecture: { ...network.network.architecture },
      },
    },
  };
}
