/** The document of the studies: a section each, with tables of what is done. */
import { medianCells } from "../../src/evaluation/agreement_table.ts";
import { toolkit } from "../../src/runs/provenance.ts";
import type { Experiment } from "./experiments.ts";
import { markdownTable } from "../cli/markdown_table.ts";
import { integer, notesBlock, protocolText, samplesBetter, sizeText } from "./markdown.ts";
import { type Study, valueTitle } from "./studies.ts";
import type { StudyErrorsRecord, StudyRecord } from "./study_ledger.ts";

/** What is done of a study on one experiment, in the order of the tables. */
export interface StudiedExperiment {
  readonly experiment: Experiment;
  readonly parts: readonly StudyRecord[];
  readonly errors: readonly StudyErrorsRecord[];
}

/** A study with everything that is done of it. */
export interface StudyEntry {
  readonly study: Study;
  readonly experiments: readonly StudiedExperiment[];
  /** Text that a person wrote about it. */
  readonly notes: string;
  /** Files beside the document. */
  readonly pictures: readonly { readonly file: string; readonly caption: string }[];
  readonly tables: readonly string[];
}

/** The machine that stands for the theory: the first of those calibrated. */
export function theoryOf({ result }: StudyRecord): string {
  return result.scales[0]!.machine;
}

/** Every value that something takes in the parts, once. */
function each(parts: readonly StudyRecord[], text: (part: StudyRecord) => string): string {
  return [...new Set(parts.map(text))].join(" / ");
}

/** What the parts have in common, and what not, in a paragraph. */
function configuration(parts: readonly StudyRecord[]): string {
  const network = (key: string) =>
    each(parts, ({ result }) => {
      const value = result.network.training[key];
      return typeof value === "number" ? integer(value) : String(value);
    });
  return `Network: ${each(parts, ({ result }) => sizeText(result.network))}; trained for ` +
    `${network("steps")} steps of ${network("batchSize")} images, on ${
      network("images")
    } images, ` +
    `seed ${network("seed")}. Machines: ${each(parts, theoryOf)} with ` +
    `${each(parts, ({ result }) => integer(result.dataset.images))} images, calibrated with ` +
    `${each(parts, ({ result }) => integer(result.calibrationImages))} on ` +
    `${each(parts, ({ result }) => String(result.calibrationSamples))} trajectories (seed ` +
    `${each(parts, ({ result }) => String(result.seeds.calibration))}). ` +
    `${each(parts, ({ result }) => String(result.samples))} samples (seed ` +
    `${each(parts, ({ result }) => String(result.seeds.evaluation))}).`;
}

function agreementTable({ factor }: Study, parts: readonly StudyRecord[]): string {
  const first = parts[0]!.value;
  /** Compared sample by sample: the noise is the same. */
  const better = (part: StudyRecord) => {
    const { name } = part.result.protocol;
    const other = parts.find((each) => each.value === first && each.result.protocol.name === name);
    const [mine, theirs] = [part, other].map((each) => each?.result.rSquared?.[theoryOf(part)]);
    return part === other || !mine || !theirs ? "" : samplesBetter(mine, theirs);
  };
  const rows = parts.map((part, i) => [
    parts[i - 1]?.value === part.value ? "" : valueTitle(part.value),
    protocolText(part.result.protocol).replace(" of DDIM", ""),
    ...medianCells(part.result.medians, theoryOf(part)),
    better(part),
  ]);
  const compared = `samples better than by ${valueTitle(first)}`;
  const columns = rows.some((row) => row.at(-1) !== "") ? 6 : 5;
  return markdownTable(
    [factor.title, "times", "r", "r²", "R²", compared].slice(0, columns),
    rows.map((row) => row.slice(0, columns)),
  );
}

function errorsSection({ factor }: Study, errors: readonly StudyErrorsRecord[]): string {
  const { dataset, errors: rows } = errors[0]!;
  return `Mean squared error of xHat0 on the first ${integer(dataset.images)} images of the ` +
    `${dataset.split} part, which no network has seen, with the same noise for all; the last line ` +
    `makes it the error of eps.

${
      markdownTable(
        [factor.title, ...rows.map(({ t }) => `t = ${t}`)],
        [
          ...errors.map(({ value, errors }) => [
            valueTitle(value),
            ...errors.map(({ x0 }) => String(Number(x0.toPrecision(3)))),
          ]),
          [
            "(signal / sigma)²",
            ...rows.map(({ signal, sigma }) =>
              String(Number(((signal / sigma) ** 2).toPrecision(3)))
            ),
          ],
        ],
      )
    }`;
}

/** Protocols of so few steps have a table of every step. */
const TABLED_STEPS = 8;

/** How far network and machine are apart at each step, a table for each choice of few times. */
function stepSections({ factor }: Study, parts: readonly StudyRecord[]): string[] {
  const protocols = new Map(parts.map(({ result: { protocol } }) => [protocol.name, protocol]));
  return [...protocols.values()].flatMap((protocol) => {
    const known = parts.filter(({ result }) =>
      result.protocol.name === protocol.name && result.scales[0]!.cosine !== undefined
    );
    if (known.length === 0 || protocol.steps > TABLED_STEPS) return [];
    const [{ result }] = known as [StudyRecord];
    const apart = (cosine: number | null) => cosine === null ? "?" : (1 - cosine).toExponential(1);
    const rows = known.map((part) => [
      valueTitle(part.value),
      ...part.result.scales[0]!.cosine!.map(apart),
    ]);
    const times = result.scales[0]!.t.map((t) => `t = ${Number(t.toFixed(3))}`);
    return [
      `1 − cosine of the network's eps and its machine's at each step of the ${protocol.grid} times, ` +
      `at the chosen scale, on the network's way (medians over the trajectories of calibration):

${markdownTable([factor.title, ...times], rows)}`,
    ];
  });
}

function experimentSection(study: Study, { experiment, parts, errors }: StudiedExperiment): string {
  return [
    `### ${experiment.name}`,
    ...parts.length === 0 ? [] : [configuration(parts), agreementTable(study, parts)],
    ...errors.length === 0 ? [] : [errorsSection(study, errors)],
    ...study.errors ? stepSections(study, parts) : [],
  ].join("\n\n");
}

function studySection({ study, experiments, notes, pictures, tables }: StudyEntry): string {
  return [
    `## ${study.name}`,
    study.about,
    notesBlock(notes, study.name),
    ...experiments.length === 0 ? ["Not run."] : [
      ...pictures.map(({ file, caption }) => `![${caption}](${file})\n\n${caption}`),
      `All machines and numbers: ${tables.map((file) => `[${file}](${file})`).join(", ")}.`,
      ...experiments.map((each) => experimentSection(study, each)),
    ],
  ].join("\n\n");
}

/** The document as Markdown; the same parts give the same text. */
export function studiesDocument(
  { entries, notes }: { readonly entries: readonly StudyEntry[]; readonly notes: string },
): string {
  return `# Studies

What agreement between network and machine depends on: one thing is changed, everything else stays, seeds
included. Tables give medians over samples with 95 % bootstrap intervals: r is Pearson's correlation of
final images from the same noise, r² its square, R² the coefficient of determination with the network as
reference. Machines are calibrated anew for each network and each choice of times.

Written by \`deno task study NAME --rows ROW\` (${toolkit}) from finished runs only. Only the notes are kept
as they stand.

${notesBlock(notes)}

${entries.map(studySection).join("\n\n")}
`;
}
