/** A finished training run, or any weights of ours, as an entry of the zoo. */
import { basename, dirname, join } from "@std/path";
import { datasetSources } from "../../../src/datasets/registry_files.ts";
import { parameterCount } from "../../../src/networks/weights/parameters.ts";
import { writeWeights } from "../../../src/networks/weights/weights.ts";
import { toolkit } from "../../../src/runs/provenance.ts";
import { finishedFile } from "../../../src/runs/artifacts.ts";
import { readRun } from "../../../src/runs/run_record.ts";
import type { ZooCard } from "../../../src/zoo/zoo_card.ts";
import { CommandError } from "../../cli/command.ts";
import { type LoadedNetwork, loadNetwork } from "../../pipelines/sources.ts";
import { trainingCommand } from "./training_command.ts";
import { writeCard, writeZooFile, zooLimits } from "./zoo_folder.ts";

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

/** Writes weights in half precision and a card without agreement, which comes from a reproduction. */
export async function addEntry(
  folder: string,
  { name, run, out, minutes }: AddedEntry,
): Promise<ZooCard> {
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) {
    throw new CommandError(`--add is ${JSON.stringify(name)}, expected a name in lower-case`);
  }
  const loaded = await loadNetwork(run, { out });
  const { network, schedule, training, path } = loaded;
  const [steps, done] = [numberOf(training, "steps", path), training["step"] ?? training["steps"]];
  if (done !== steps) {
    throw new CommandError(`${path} is at step ${done} of ${steps}: finish its training first`);
  }
  const source = datasetSources.find(({ name }) => name === training["dataset"]);
  if (source === undefined) {
    throw new CommandError(`${path} is not trained on a data set that everybody has`);
  }
  const bytes = writeWeights({ ...loaded, training: shippedTraining(loaded) }, { half: true });
  if (bytes.length > zooLimits.weights) {
    throw new CommandError(
      `${path} has ${bytes.length} bytes in half precision, at most ${zooLimits.weights} may ship`,
    );
  }
  const weights = await writeZooFile(folder, {
    address: `${name}/weights.safetensors`,
    content: bytes,
  });
  const { images, datasetSha256, backend, toolkit: by } = training;
  const card: ZooCard = {
    format: "els-zoo-card",
    version: 1,
    name,
    toolkit: typeof by === "string" ? by : toolkit,
    license: "MIT, as this package; what may be done with the data set its own terms say",
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
    training: {
      command: trainingCommand(training, path),
      steps,
      batchSize: numberOf(training, "batchSize", path),
      seed: numberOf(training, "seed", path),
      minutes: minutes ?? await minutesOf(loaded),
      backend: String(backend ?? "unknown"),
    },
    agreement: [],
    files: { weights, schedules: [] },
  };
  await writeCard(folder, card);
  return card;
}
