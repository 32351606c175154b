/** The document: tables of what is done, and of what is not. */
import { agreementNames } from "../../src/evaluation/agreement.ts";
import { findMedian, medianCells } from "../../src/evaluation/agreement_table.ts";
import { toolkit } from "../../src/runs/provenance.ts";
import { markdownTable } from "../cli/markdown_table.ts";
import { integer, list, notesBlock, protocolText, samplesBetter, sizeText } from "./markdown.ts";
import { type PublishedAgreement, publishedAgreement, publishedScales } from "./published.ts";
import { type ExperimentRecord, localMachines, type ScalesRecord } from "./run_experiment.ts";
import type { Experiment, TimeProtocol } from "./experiments.ts";
import type { AblationRecord } from "./scale_ablation.ts";

/** One experiment of the plan by one protocol: what was found, or why there is nothing. */
export interface ExperimentEntry {
  readonly experiment: Experiment;
  readonly protocol: TimeProtocol;
  readonly record: ExperimentRecord | undefined;
  /** Whether its data set was looked for in vain. */
  readonly missing: boolean;
}

/** One ablation of the plan. */
export interface AblationEntry {
  readonly experiment: Experiment;
  readonly protocol: TimeProtocol;
  readonly record: AblationRecord | undefined;
}

/** Everything that the document shows. */
export interface DocumentParts {
  readonly profile: string;
  readonly experiments: readonly ExperimentEntry[];
  readonly ablations: readonly AblationEntry[];
  /** Pictures beside the document. */
  readonly pictures: readonly { readonly file: string; readonly caption: string }[];
  /** Text that a person wrote. */
  readonly notes: string;
}

const notRun = (missing: boolean) => `not run${missing ? ": data set not found" : ""}`;

function agreementRows({ experiment, record, missing }: ExperimentEntry): string[][] {
  const theirs = (machine: string) => publishedPair(experiment.name, publishedName(machine));
  if (record === undefined) {
    return [[experiment.name, notRun(missing), "", "", "", theirs("ELS")]];
  }
  const machines = [...new Set(record.medians.map(({ machine }) => machine))];
  return machines.map((machine, i) => [
    i === 0 ? experiment.name : "",
    machine,
    ...medianCells(record.medians, machine),
    theirs(machine),
  ]);
}

/** What the paper calls a machine; undefined for what it has not. */
function publishedName(machine: string): keyof PublishedAgreement | undefined {
  if (machine === "LS" || machine === "IS") return machine;
  return machine === "ELS_wrapped" ? undefined : "ELS";
}

/**
 * The theory's machines by every protocol, a line for each, beside what was published: those for networks of
 * the padding.
 */
function summary(
  experiments: readonly ExperimentEntry[],
  protocols: readonly TimeProtocol[],
): string {
  const done = experiments.filter(({ record }) => record !== undefined);
  if (done.length === 0) return "";
  const rows = [...new Set(done.map(({ experiment }) => experiment))].flatMap((experiment) => {
    const { name } = experiment;
    const records = protocols.map((protocol) =>
      done.find((each) => each.experiment.name === name && each.protocol.name === protocol.name)
        ?.record
    );
    const measured = (machine: string) =>
      records.some((record) => findMedian(record?.medians ?? [], { machine, measure: "r" }));
    return localMachines(experiment).filter((machine) => machine !== "LS" && measured(machine))
      .map((machine, i) => [
        i === 0 ? name : "",
        machine,
        ...records.flatMap((record) =>
          agreementNames.map((measure) =>
            findMedian(record?.medians ?? [], { machine, measure })?.median?.toFixed(3) ?? "–"
          )
        ),
        publishedPair(name, publishedName(machine)),
      ]);
  });
  const header = protocols.flatMap(({ name }) => [`${name}: r`, "r²", "R²"]);
  return `## The theory's machine in one table

${markdownTable(["network", "machine", ...header, "published"], rows)}

`;
}

/** What was published of a machine, "0.94 (0.90)"; a dash where nothing was. */
function publishedPair(name: string, machine: keyof PublishedAgreement | undefined): string {
  const pair = machine && publishedAgreement[name]?.[machine];
  return pair === undefined ? "–" : `${pair[0].toFixed(2)} (${pair[1].toFixed(2)})`;
}

function configurationRow({ experiment, record }: ExperimentEntry): string[] {
  const { network, dataset, calibrationImages, calibrationSamples, samples, seeds } = record!;
  const { training } = network;
  const recipe = typeof training["steps"] === "number"
    ? `${integer(training["steps"])} of ${integer(training["batchSize"])} images`
    : "unknown";
  return [
    experiment.name,
    sizeText(network),
    integer(training["images"]),
    recipe,
    String(training["emaDecay"] ?? "?"),
    integer(dataset.images),
    `${integer(calibrationImages)} x ${calibrationSamples}`,
    String(samples),
    `${training["seed"] ?? "?"}, ${seeds.calibration}, ${seeds.evaluation}`,
  ];
}

function scaleRows({ experiment, record }: ExperimentEntry): string[][] {
  const { scales } = record!;
  const published = publishedScales[experiment.name];
  const line = ({ machine, t, patchSize }: ScalesRecord, i: number) => [
    i === 0 ? experiment.name : "",
    machine,
    i === 0 ? list(t) : "",
    patchSize.join(", "),
  ];
  return [
    ...scales.map(line),
    ...published
      ? [["", "published, nearest t", "", nearest(published, scales[0]!.t).join(", ")]]
      : [],
  ];
}

/** The published scale at the step nearest to each time. */
function nearest(published: readonly number[], times: readonly number[]): number[] {
  const n = published.length;
  return times.map((t) => published[Math.max(1, Math.min(n, Math.round(t * n))) - 1]!);
}

/** How scales were found, in words. */
function variantName(name: string): string {
  if (name === "published") return "published (nearest t)";
  if (name === "refined") return "refined by final r²";
  return `per step: ${name === "cosine" ? name : name.toUpperCase()}`;
}

function ablationSection({ experiment, protocol, record }: AblationEntry): string {
  const title = `### ${experiment.name}, ${protocolText(protocol)}`;
  if (record === undefined) return `${title}\n\nNot run.`;
  const { machine, variants, medians, rSquared, refinement, dataset, samples, t } = record;
  const better = (name: string) =>
    name === "cosine" ? "" : samplesBetter(rSquared[name] ?? [], rSquared["cosine"] ?? []);
  const rows = variants.map(({ name, scales, sameAs }) => [
    variantName(name),
    scales.join(", "),
    ...sameAs === undefined
      ? [...medianCells(medians, name), better(name)]
      : [`as ${variantName(sameAs)}`, "", "", ""],
  ]);
  const refined = refinement === undefined
    ? "Scales of so many steps are not refined under this profile."
    : `Refinement began from the choice by cosine and tried ${refinement.trials} moves on ` +
      `${refinement.samples} other samples, where the mean ${refinement.measure} rose from ` +
      `${refinement.startScore.toFixed(3)} to ${refinement.score.toFixed(3)}.`;
  return `${title}

${machine} with ${integer(dataset.images)} images; medians over ${samples} samples of a noise seed
that nothing before has seen. ${refined}
Times t = ${list(t)}.

${
    markdownTable(
      ["scales by", "k, from the lowest noise", "r", "r²", "R²", "samples better than by cosine"],
      rows,
    )
  }`;
}

/** The document as Markdown; the same parts give the same text. */
export function resultsDocument(
  { profile, experiments, ablations, pictures, notes }: DocumentParts,
): string {
  const protocols = [
    ...new Map(experiments.map(({ protocol }) => [protocol.name, protocol])).values(),
  ];
  const sections = protocols.map((protocol, index) => {
    const entries = experiments.filter((entry) => entry.protocol.name === protocol.name);
    const done = entries.filter(({ record }) => record !== undefined);
    const open = entries.filter(({ record }) => record === undefined).map(({ experiment }) =>
      experiment.name
    );
    return `## ${protocolText(protocol)}: ${done.length} of ${entries.length} experiments

### Agreement with the network

${
      markdownTable(
        ["network", "machine", "r", "r²", "R²", "published"],
        (index === 0 ? entries : done).flatMap(agreementRows),
      )
    }
${index === 0 || open.length === 0 ? "" : `\nNot run: ${open.join(", ")}.\n`}${
      done.length === 0 ? "" : `
### Configuration

${
        markdownTable([
          "network",
          "size",
          "trained on",
          "steps",
          "EMA",
          "machine images",
          "calibrated on",
          "samples",
          "seeds",
        ], done.map(configurationRow))
      }

Images x trajectories of calibration; seeds of training, calibration and evaluation.

### Calibrated scales

${markdownTable(["network", "machine", "t", "k, from the lowest noise"], done.flatMap(scaleRows))}
`
    }`;
  });
  const figures = pictures.map(({ file, caption }) => `![${caption}](${file})\n\n${caption}`);
  return `# Reproduction

Network and machines start from the same noise; the tables say how well the machine's image agrees
with the network's: medians over samples with 95 % bootstrap intervals. r is Pearson's correlation,
r² its square, R² the coefficient of determination with the network as reference. The last column is
arXiv 2412.20292 v2, tables 1 and 2: theory at 20 uniform steps, network at 150 (in brackets: at 20);
its script computes r and labels it r², so compare it with both columns. "ELS" there is bbELS here for
zero padding, ELS for circular; ELS_wrapped has the patches across the borders of training images, too.

Written by \`deno task reproduce --profile ${profile}\` (${toolkit}) from finished runs only; what is not
run says so. Only the notes are kept as they stand.

${notesBlock(notes)}

${summary(experiments, protocols)}${figures.length === 0 ? "" : `${figures.join("\n\n")}\n\n`}${
    sections.join("\n")
  }
${
    ablations.length === 0 ? "" : `## Which scales give the best images

Calibration compares single predictions along the network's own trajectory; what counts in the end are
the machine's final images. L2 and MSE order scales alike for each sample, so they choose the same.

${ablations.map(ablationSection).join("\n\n")}
`
  }`;
}
