/** Writes the document of a reproduction, with its pictures, from what the ledger and the zoo hold. */
import { basename } from "@std/path";
import { DataFormatError } from "../../src/core/errors.ts";
import { type AblationEntry, type ExperimentEntry, resultsDocument } from "./document.ts";
import { datasetTitles, type Experiment, experimentDatasets, experiments } from "./experiments.ts";
import type { Ledger } from "./ledger.ts";
import { notesOf } from "./markdown.ts";
import { ablationPicture, samplesPicture, scalesPicture } from "./pictures.ts";
import { textIfThere } from "../cli/text_file.ts";
import { makeFolderOf, writeOutput } from "../pipelines/write_output.ts";
import type { Profile } from "./profiles.ts";
import { zooExperiment } from "./zoo_results.ts";

/** Options of {@linkcode writeDocument}. */
export interface WriteDocumentOptions {
  readonly profile: Profile;
  readonly ledger: Ledger;
  /** The experiment whose scales are chosen in several ways. */
  readonly ablated: Experiment;
  /** Names of the experiments whose data set was looked for in vain. */
  readonly missing: ReadonlySet<string>;
  /** Told about records that are damaged, which are left out; absent: the first ends the writing. */
  readonly onDamage?: ((error: DataFormatError) => void) | undefined;
}

/** Writes the document; pictures lie beside it, and notes that a person wrote into it are kept. */
export async function writeDocument(
  path: string,
  { profile, ledger, ablated, missing, onDamage }: WriteDocumentOptions,
): Promise<void> {
  const whole = async <T>(read: Promise<T | undefined>): Promise<T | undefined> => {
    try {
      return await read;
    } catch (error) {
      if (onDamage === undefined || !(error instanceof DataFormatError)) throw error;
      onDamage(error);
      return undefined;
    }
  };
  const earlier = await textIfThere(path) ?? "";
  const entries: ExperimentEntry[] = [];
  const ablations: AblationEntry[] = [];
  for (const protocol of profile.protocols) {
    for (const experiment of experiments) {
      const record = await whole(ledger.experiment(experiment.name, protocol.name)) ??
        await zooExperiment(experiment, { profile, protocol });
      entries.push({ experiment, protocol, record, missing: missing.has(experiment.name) });
    }
    const record = await whole(ledger.ablation(ablated.name, protocol.name));
    ablations.push({ experiment: ablated, protocol, record });
  }
  const pictures: { file: string; caption: string }[] = [];
  const picture = async (name: string, content: Uint8Array | string, caption: string) => {
    const file = `${path.replace(/\.md$/, "")}-${name}`;
    await writeOutput(file, content);
    pictures.push({ file: basename(file), caption });
  };
  await makeFolderOf(path);
  const main = entries.flatMap(({ experiment, protocol, record }) =>
    record !== undefined && protocol === profile.protocols[0] ? [{ experiment, record }] : []
  );
  for (const dataset of experimentDatasets) {
    const rows = main.filter(({ experiment }) => experiment.dataset === dataset);
    const samples = rows.length > 0 && await samplesPicture(rows);
    if (samples) {
      const title = datasetTitles[dataset];
      await picture(
        `${dataset}.png`,
        samples,
        `${title}: what each network makes of noise, and below it what its machine predicts.`,
      );
    }
  }
  if (main.length > 0) {
    const scaled = main.map(({ experiment, record }) => ({
      experiment,
      scales: record.scales[0]!,
    }));
    await picture(
      "all-scales.svg",
      await scalesPicture(scaled),
      "Calibrated scales of the theory's machine (bbELS for zero padding, ELS for circular).",
    );
  }
  const ablation = ablations.find(({ record }) => record !== undefined)?.record;
  if (ablation) {
    await picture(
      "scales.svg",
      await ablationPicture(ablation),
      `Scales of ${ablation.machine} for ${ablation.experiment} (${ablation.protocol.name}).`,
    );
  }
  const { name } = profile;
  const notes = notesOf(earlier);
  const parts = { profile: name, experiments: entries, ablations, pictures, notes };
  await writeOutput(path, resultsDocument(parts));
}
