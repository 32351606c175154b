/** What a reproduction measured of networks of the zoo: its medians into cards, its schedules beside them. */
import { basename, dirname, join } from "@std/path";
import { writeScaleSchedule } from "../../../src/calibration/scale_schedule_json.ts";
import { encodePng } from "../../../src/formats/png.ts";
import type { ScaleSchedule } from "../../../src/machines/scale_schedule.ts";
import { parseTimeGridName } from "../../../src/samplers/time_grid.ts";
import type { ZooAgreement, ZooCard } from "../../../src/zoo/zoo_card.ts";
import type { ZooSchedule } from "../../../src/zoo/zoo_index.ts";
import { CommandError } from "../../cli/command.ts";
import { loadSchedules } from "../../pipelines/schedules.ts";
import { readExperiments } from "../../reproduce/ledger.ts";
import { imagesOf } from "../../reproduce/pictures.ts";
import type { ExperimentRecord, ScalesRecord } from "../../reproduce/run_experiment.ts";
import { type SamplePair, samplesPng } from "../../reproduce/zoo_results.ts";
import { writeCard, writeZooFile } from "./zoo_folder.ts";

/** What was taken of a ledger, and what was not, in a line each. */
export interface TakenResults {
  readonly cards: readonly ZooCard[];
  readonly taken: readonly string[];
  readonly refused: readonly string[];
}

/** Similarities keep seven digits: enough to see how close candidates were, at half the size. */
function shortened(schedule: ScaleSchedule): ScaleSchedule {
  const short = (value: number | null) => value === null ? null : Number(value.toPrecision(7));
  const steps = schedule.steps.map((step) => ({
    ...step,
    similarity: step.similarity.map((row) => row.map(short)),
  }));
  return { ...schedule, steps };
}

/** Why a schedule is not the one that a record evaluated with the shipped weights; undefined: it is. */
function problemWith(
  schedule: ScaleSchedule,
  { scales, sha256 }: { readonly scales: ScalesRecord; readonly sha256: string },
): string | undefined {
  const network = schedule.provenance.network?.sha256;
  if (network !== sha256) return `is of the network ${String(network).slice(0, 12)}..`;
  const found = schedule.steps.map(({ patchSize }) => patchSize).join();
  return found === scales.patchSize.join() ? undefined : `has the scales ${found}`;
}

/** The run of a record, beside the ledger wherever that lies now. */
const runFolder = (ledger: string, run: string) => join(dirname(ledger), basename(run));

/** The schedules that a record was evaluated with, or why they cannot be taken. */
async function schedulesOf(
  ledger: string,
  record: ExperimentRecord,
): Promise<ScaleSchedule[] | string> {
  const schedules: ScaleSchedule[] = [];
  for (const scales of record.scales) {
    const folder = runFolder(ledger, scales.run);
    const [loaded] = await loadSchedules(folder);
    const { sha256 } = record.network;
    const problem = problemWith(loaded!.schedule, { scales, sha256 });
    if (problem !== undefined) return `${loaded!.path} ${problem}`;
    schedules.push(shortened(loaded!.schedule));
  }
  return schedules;
}

function agreementOf(
  record: ExperimentRecord,
  schedules: readonly ScaleSchedule[],
): ZooAgreement {
  const { protocol: { grid, steps, networkSteps }, dataset, samples, seeds } = record;
  const scales = schedules.flatMap(({ steps }) => steps);
  return {
    protocol: { grid: parseTimeGridName(String(grid)), steps, networkSteps },
    machineImages: dataset.images,
    calibration: {
      // Where a step was settled early, it took fewer.
      images: Math.max(...scales.map(({ images = record.calibrationImages }) => images)),
      samples: Math.max(...scales.map(({ perSample }) => perSample.length)),
      seed: seeds.calibration,
    },
    samples,
    seed: seeds.evaluation,
    medians: record.medians.map(({ machine, measure, median, low, high, level }) => ({
      ...{ machine, measure, median, low, high, level },
    })),
  };
}

/** Cubic times first, few before many. */
const order = ({ grid, steps }: { readonly grid: string; readonly steps: number }) =>
  `${grid} ${String(steps).padStart(4, "0")}`;

/** Puts a record in the place of what a card has for the same times; samples are those of the first times. */
async function withRecord(
  folder: string,
  card: ZooCard,
  { record, schedules, images }: {
    readonly record: ExperimentRecord;
    readonly schedules: readonly ScaleSchedule[];
    readonly images: SamplePair | undefined;
  },
): Promise<ZooCard> {
  const agreement = agreementOf(record, schedules);
  const { grid, steps } = agreement.protocol;
  const own = (times: { readonly grid: string; readonly steps: number }) =>
    times.grid === grid && times.steps === steps;
  const files: ZooSchedule[] = [];
  for (const [i, schedule] of schedules.entries()) {
    const { machine } = record.scales[i]!;
    const address = `${card.name}/${machine.toLowerCase()}-${grid}-${steps}.json`;
    const content = writeScaleSchedule(schedule);
    files.push({ ...await writeZooFile(folder, { address, content }), machine, grid, steps });
  }
  const all = [...card.agreement.filter(({ protocol }) => !own(protocol)), agreement]
    .sort((a, b) => order(a.protocol) < order(b.protocol) ? -1 : 1);
  const samples = images !== undefined && all[0] === agreement &&
    await writeZooFile(folder, {
      address: `${card.name}/samples.png`,
      content: encodePng(samplesPng(images)),
    });
  return {
    ...card,
    agreement: all,
    files: {
      ...card.files,
      ...samples && { samples },
      schedules: [...card.files.schedules.filter((file) => !own(file)), ...files]
        .sort((a, b) => order(a) < order(b) ? -1 : order(a) > order(b) ? 1 : 0),
    },
  };
}

/**
 * Takes the records of a ledger's folder into the cards of the networks that they are about, and their
 * schedules beside them. What was not made with exactly the shipped weights is refused.
 */
export async function takeResults(
  folder: string,
  { ledger, cards }: { readonly ledger: string; readonly cards: readonly ZooCard[] },
): Promise<TakenResults> {
  const byName = new Map(cards.map((card) => [card.name, card]));
  const taken: string[] = [];
  const refused: string[] = [];
  const records = await readExperiments(ledger);
  if (records.length === 0) {
    throw new CommandError(
      `${ledger} holds no experiments: give the folder of a reproduction's results, such as ` +
        "runs/reproduce/results-full",
    );
  }
  for (const record of records) {
    const what = `${record.experiment}, ${record.protocol.name}`;
    const card = byName.get(record.experiment);
    if (card === undefined) {
      refused.push(`${what}: the zoo has no such network; add it first`);
      continue;
    }
    const { sha256 } = card.files.weights;
    if (record.network.sha256 !== sha256) {
      refused.push(
        `${what}: its network is ${record.network.sha256.slice(0, 12)}.., the zoo's is ` +
          `${sha256.slice(0, 12)}..; do the row again with --weights ${card.name}=zoo:${card.name}`,
      );
      continue;
    }
    const schedules = await schedulesOf(ledger, record);
    if (typeof schedules === "string") refused.push(`${what}: ${schedules}`);
    else {
      const images = await imagesOf({ ...record, run: runFolder(ledger, record.run) });
      byName.set(card.name, await withRecord(folder, card, { record, schedules, images }));
      taken.push(what);
    }
  }
  for (const card of byName.values()) if (!cards.includes(card)) await writeCard(folder, card);
  return { cards: [...byName.values()], taken, refused };
}
