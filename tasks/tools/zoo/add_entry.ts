/** A finished training run, or any weights of ours, as an entry of the zoo. */
import { basename, dirname, join } from "@std/path";
import type { DatasetAbout } from "../../../src/datasets/source.ts";
import { isMissing } from "../../../src/datasets/open_files.ts";
import { datasetSources } from "../../../src/datasets/registry_files.ts";
import { parameterCount } from "../../../src/networks/weights/parameters.ts";
import { writeWeights } from "../../../src/networks/weights/weights.ts";
import { toolkit } from "../../../src/runs/provenance.ts";
import { finishedFile } from "../../../src/runs/artifacts.ts";
import { entriesOf, readRun } from "../../../src/runs/run_record.ts";
import type { ZooCard } from "../../../src/zoo/zoo_card.ts";
import type { ZooFile } from "../../../src/zoo/zoo_index.ts";
import { CommandError } from "../../cli/command.ts";
import { type LoadedNetwork, loadNetwork } from "../../pipelines/sources.ts";
import { trainingCommand } from "./training_command.ts";
import { checkSizes, describeFile, readCard, writeCard, writeZooFile } from "./zoo_folder.ts";

/** What becomes an entry. */
export interface AddedEntry {
  readonly name: string;
  /** Training run, as commands name one, or file of weights. */
  readonly run: string;
  /** Folder in which runs are looked for. */
  readonly out: string;
  /** How long its training took; absent: from the run's start to its end. */
  readonly minutes?: number | undefined;
}

/** Minutes from the start of a finished run to its end; null for a file that lies elsewhere. */
async function minutesOf({ path }: LoadedNetwork): Promise<number | null> {
  const folder = dirname(path);
  const finished = await Deno.stat(join(folder, finishedFile)).catch(() => undefined);
  if (!finished?.mtime) return null;
  const { started } = await readRun(dirname(folder), basename(folder));
  return Math.round((finished.mtime.getTime() - started.getTime()) / 6000) / 10;
}

/** A number of a training record. */
function numberOf(training: LoadedNetwork["training"], field: string, path: string): number {
  const value = training[field];
  if (typeof value === "number") return value;
  throw new CommandError(`${path} does not say with how many ${field} it was trained`);
}

/** The record of a training as it ships: without the place of images on the machine that trained it. */
function shippedTraining({ training, label }: LoadedNetwork): Record<string, unknown> {
  const { from: _, ...rest } = training;
  return { name: label, ...rest };
}

/** The license of weights: this package's, unless what their images may be used for is restricted. */
export function licenseOf({ license }: Pick<DatasetAbout, "license">): string {
  if (!license.includes("non-commercial")) return "MIT, as this package";
  return `as the data set, ${license.split(";")[0]}`;
}

/** The parts of a card that the weights tell. */
function toldByWeights(
  loaded: LoadedNetwork,
): Pick<ZooCard, "license" | "toolkit" | "network" | "dataset"> {
  const { network, schedule, training, path } = loaded;
  const { images, datasetSha256, toolkit: by } = training;
  const source = datasetSources.find(({ name }) => name === training["dataset"]);
  if (source === undefined) {
    throw new CommandError(`${path} is not trained on a data set that everybody has`);
  }
  return {
    license: licenseOf(source.about),
    toolkit: typeof by === "string" ? by : toolkit,
    network: {
      name: loaded.label,
      architecture: { ...network.architecture },
      parameters: parameterCount(network.parameters),
      receptiveField: Number.isFinite(network.receptiveField) ? network.receptiveField : null,
      predicts: loaded.prediction ?? "eps",
      preconditioning: loaded.preconditioning?.kind ?? "none",
      noiseSchedule: schedule.name,
    },
    dataset: {
      name: source.name,
      what: source.about.what,
      license: source.about.license,
      images: typeof images === "number" ? images : null,
      sha256: typeof datasetSha256 === "string" ? datasetSha256 : null,
    },
  };
}

/** The part of a card about the training, but for its time. */
function trainingPart({ training, path }: LoadedNetwork): Omit<ZooCard["training"], "minutes"> {
  const steps = numberOf(training, "steps", path);
  const { step: done = steps, backend = "unknown" } = training;
  if (done !== steps) {
    throw new CommandError(`${path} is at step ${done} of ${steps}: finish its training first`);
  }
  return {
    command: trainingCommand(training, path),
    steps,
    batchSize: numberOf(training, "batchSize", path),
    seed: numberOf(training, "seed", path),
    backend: String(backend),
  };
}

/** The card of these very weights; undefined if nothing whole is there. */
async function cardBefore(
  folder: string,
  { name, weights }: { readonly name: string; readonly weights: ZooFile },
): Promise<ZooCard | undefined> {
  try {
    const card = await readCard(folder, name);
    return card.files.weights.sha256 === weights.sha256 ? card : undefined;
  } catch (error) {
    if (error instanceof CommandError || isMissing(error)) return undefined;
    throw error;
  }
}

/** Removes what the zoo has of a name. */
async function removeEntry(folder: string, name: string): Promise<void> {
  for (const { name: file } of await entriesOf(join(folder, name))) {
    if (/\.(json|png|safetensors)$/.test(file)) await Deno.remove(join(folder, name, file));
  }
}

/**
 * Writes weights in half precision and their card. Agreement and schedules come from a reproduction; they
 * stay where the weights are what they were.
 */
export async function addEntry(
  folder: string,
  { name, run, out, minutes }: AddedEntry,
): Promise<ZooCard> {
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) {
    throw new CommandError(`--add is ${JSON.stringify(name)}, expected a name in lower-case`);
  }
  const loaded = await loadNetwork(run, { out });
  const training = trainingPart(loaded);
  const content = writeWeights({ ...loaded, training: shippedTraining(loaded) }, { half: true });
  const address = `${name}/weights.safetensors`;
  const weights = await describeFile(address, content);
  checkSizes([{ name, weights }]);
  const before = await cardBefore(folder, { name, weights });
  const card: ZooCard = {
    format: "els-zoo-card",
    version: 1,
    name,
    ...toldByWeights(loaded),
    training: {
      ...training,
      minutes: minutes ?? await minutesOf(loaded) ?? before?.training.minutes ?? null,
    },
    agreement: before?.agreement ?? [],
    files: { ...before?.files, weights, schedules: before?.files.schedules ?? [] },
  };
  if (before === undefined) await removeEntry(folder, name);
  await writeZooFile(folder, { address, content });
  await writeCard(folder, card);
  return card;
}
