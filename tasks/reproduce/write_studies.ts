/** Writes the document of the studies, with figures and tables beside it, from what their ledger holds. */
import { basename } from "@std/path";
import type { DataFormatError } from "../../src/core/errors.ts";
import { textIfThere } from "../cli/text_file.ts";
import { makeFolderOf, writeOutput } from "../pipelines/write_output.ts";
import { experiments, type TimeProtocol } from "./experiments.ts";
import { notesOf } from "./markdown.ts";
import { studies, type Study } from "./studies.ts";
import { type StudiedExperiment, studiesDocument, type StudyEntry } from "./study_document.ts";
import type { StudyLedger, StudyRecords } from "./study_ledger.ts";
import {
  agreementPicture,
  agreementTableCsv,
  errorsPicture,
  errorsTableCsv,
} from "./study_pictures.ts";

/** Files that a study has beside the document: what takes the place of `.md` at the end of its name. */
export const studyFiles: readonly string[] = studies.flatMap(({ name, errors }) => [
  ...[`-${name}.svg`, `-${name}.csv`],
  ...errors ? [`-${name}-errors.svg`, `-${name}-errors.csv`] : [],
]);

/** Values in the study's order; numbers by their size. */
function valueOrder({ factor: { names } }: Study, value: string): number {
  return names === undefined ? Number(value) : names.indexOf(value);
}

/** Times in the study's order, others behind them. */
function timesOrder({ protocols }: Study, { name, steps }: TimeProtocol): number {
  const place = protocols.findIndex((each) => each.name === name);
  return place < 0 ? protocols.length + steps : place;
}

/** What is done of a study, by experiment. */
function studied(study: Study, records: StudyRecords): StudiedExperiment[] {
  return experiments.map((experiment) => {
    const own = (record: { readonly study: string; readonly experiment: string }) =>
      record.study === study.name && record.experiment === experiment.name;
    const byValue = (a: { readonly value: string }, b: { readonly value: string }) =>
      valueOrder(study, a.value) - valueOrder(study, b.value);
    return {
      experiment,
      parts: records.parts.filter(own).sort((a, b) =>
        byValue(a, b) ||
        timesOrder(study, a.result.protocol) - timesOrder(study, b.result.protocol)
      ),
      errors: records.errors.filter(own).sort(byValue),
    };
  }).filter(({ parts, errors }) => parts.length + errors.length > 0);
}

/** Writes the document; notes that a person wrote into it are kept. */
export async function writeStudies(
  path: string,
  { ledger, onDamage }: {
    readonly ledger: StudyLedger;
    /** Told about records that are damaged, which are left out. */
    readonly onDamage: (error: DataFormatError) => void;
  },
): Promise<void> {
  const earlier = await textIfThere(path) ?? "";
  await makeFolderOf(path);
  const records = await ledger.all({ onDamage });
  const write = async (ending: string, content: string) => {
    const file = `${path.replace(/\.md$/, "")}-${ending}`;
    await writeOutput(file, content);
    return basename(file);
  };
  const entries: StudyEntry[] = [];
  for (const study of studies) {
    const { name } = study;
    const found = studied(study, records);
    const pictures: { file: string; caption: string }[] = [];
    const tables: string[] = [];
    const agreement = await agreementPicture(study, found);
    if (agreement !== undefined) {
      const caption = `r² of network and machine against ${study.axis}.`;
      pictures.push({ file: await write(`${name}.svg`, agreement), caption });
      tables.push(
        await write(`${name}.csv`, agreementTableCsv(found.flatMap(({ parts }) => parts))),
      );
    }
    const errors = await errorsPicture(study, found);
    if (errors !== undefined) {
      const caption = "Error of xHat0 on unseen images against time, relative to the least.";
      pictures.push({ file: await write(`${name}-errors.svg`, errors), caption });
      tables.push(await write(`${name}-errors.csv`, errorsTableCsv(found)));
    }
    entries.push({ study, experiments: found, notes: notesOf(earlier, name), pictures, tables });
  }
  await writeOutput(path, studiesDocument({ entries, notes: notesOf(earlier) }));
}
