/** `deno task fuzz`: damaged and hostile files for every reader. @module */
import { fromFileUrl, join } from "@std/path";
import { CommandError, defineVerb, runVerb } from "../cli/command.ts";
import { textTable } from "../cli/table.ts";
import type { Progress, ProgressReporter } from "../cli/progress.ts";
import { type Failure, runCampaign } from "./fuzz/campaign.ts";
import { isFailure, type Outcome, outcomes } from "./fuzz/run_input.ts";
import { type FuzzMode, fuzzModes, targetNames } from "./fuzz/target.ts";

const fixtures = fromFileUrl(new URL("../../tests/fixtures/fuzz/", import.meta.url));

/** Inputs of a target and mode where neither a number nor a time is asked for. */
const usualInputs = 10_000;
/** Where failing inputs are saved: not among those that are begun with, so that a number stays one input. */
const usualFolder = "runs/fuzz";
/** A target that fails more often has one fault, not as many. */
const mostSaved = 20;

/** What came of the inputs of one target and mode. */
interface Tally {
  readonly target: string;
  readonly mode: string;
  readonly counts: Record<Outcome, number>;
  inputs: number;
  slowestMs: number;
  mostMegabytes: number;
}

/** The files below a folder that may hold inputs; none where there is no such folder. */
function inputFiles(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)]
      .filter(({ name, isFile }) => isFile && !/\.(json|md|txt)$/.test(name))
      .map(({ name }) => join(folder, name))
      .sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Saves a failing input, and says how it is repeated. */
async function report(
  { index, outcome, says, note, bytes }: Failure,
  { target, mode, seed, folder, saved, progress }: {
    readonly target: string;
    readonly mode: string;
    readonly seed: number;
    readonly folder: string;
    readonly saved: number;
    readonly progress: ProgressReporter;
  },
): Promise<void> {
  if (saved >= mostSaved) return;
  progress.note(`${target} ${mode} ${index}: ${outcome}${note && ` (${note})`}: ${says}`);
  progress.note(
    `  deno task fuzz --target ${target} --mode ${mode} --seed ${seed} --first ${index} --inputs 1`,
  );
  if (bytes === undefined) return;
  const place = join(folder, target);
  await Deno.mkdir(place, { recursive: true });
  const path = join(place, `${outcome}-${mode}-${seed}-${index}`);
  await Deno.writeFile(path, bytes);
  progress.note(`  ${bytes.length} bytes in ${path}`);
}

function tableOf(tallies: readonly Tally[]): string {
  return textTable({
    header: ["target", "mode", "inputs", ...outcomes, "slowest ms", "most MB"],
    rows: tallies.map(({ target, mode, inputs, counts, slowestMs, mostMegabytes }) => [
      ...[target, mode, inputs],
      ...outcomes.map((outcome) => counts[outcome]),
      ...[Math.round(slowestMs), Math.round(mostMegabytes)],
    ]),
  });
}

/** This command. */
export const verb = defineVerb({
  name: "fuzz",
  description: "Gives every reader of files damaged and hostile ones: raw changes of good files, " +
    "and files built with one thing wrong. Each must be read right or refused in one line, within " +
    "a second and 256 MB. Fails if one is not; such inputs are saved with what repeats them.",
  flags: {
    target: {
      type: "string",
      default: "all",
      help: `Readers, with commas between: all, or of ${targetNames().join(", ")}`,
    },
    mode: {
      type: "choice",
      choices: [...fuzzModes, "both"],
      default: "both",
      help: "How inputs are made",
    },
    seed: { type: "integer", default: 1, min: 0, help: "Other seeds, other inputs" },
    minutes: { type: "number", min: 0, help: "Time for all together, shared evenly" },
    inputs: {
      type: "integer",
      min: 1,
      help: `Inputs of each target and mode; ${usualInputs} where no time is given`,
    },
    first: { type: "integer", default: 0, min: 0, help: "Number of the first input" },
    corpus: {
      type: "string",
      placeholder: "FOLDER",
      help:
        `Files in FOLDER/TARGET are changed, too, and failing inputs saved there, not in ${usualFolder}`,
    },
    file: {
      type: "string",
      placeholder: "FILE",
      help: "Reads this one file instead, by the one target that is named",
    },
  },
  examples: [
    "fuzz",
    "fuzz --target npy --seed 7 --minutes 5",
    "fuzz --target zip,torch --mode structured --inputs 500",
    "fuzz --target npy --file runs/fuzz/npy/hang-raw-7-12",
  ],
}, async ({ flags, abort, progress, print }) => {
  const all = targetNames();
  const wanted = flags.target === "all" ? all : flags.target.split(",");
  const unknown = wanted.find((name) => !all.includes(name));
  if (unknown !== undefined) {
    throw new CommandError(
      `There is no target ${JSON.stringify(unknown)}: expected all, or of ${all.join(", ")}`,
    );
  }
  if (flags.file !== undefined && (flags.target === "all" || wanted.length !== 1)) {
    throw new CommandError("--file is read by one target; name it with --target");
  }
  const modes: readonly (FuzzMode | "file")[] = flags.file !== undefined
    ? ["file"]
    : flags.mode === "both"
    ? fuzzModes
    : [flags.mode];
  const { seed, minutes } = flags;
  const first = flags.file === undefined ? flags.first : 0;
  const most = flags.file !== undefined
    ? 1
    : flags.inputs ?? (minutes === undefined ? usualInputs : undefined);
  const parts = wanted.flatMap((target) => modes.map((mode) => ({ target, mode })));
  const share = minutes === undefined ? undefined : minutes * 60_000 / parts.length;
  const tallies: Tally[] = [];
  for (const { target, mode } of parts) {
    if (abort.aborted) break;
    const counts = Object.fromEntries(outcomes.map((outcome) => [outcome, 0])) as Tally["counts"];
    const tally: Tally = { target, mode, counts, inputs: 0, slowestMs: 0, mostMegabytes: 0 };
    tallies.push(tally);
    const began = performance.now();
    // Work is inputs where they are counted, else tenths of a second.
    const total = most ?? Math.ceil(share! / 100);
    const line: Progress = progress.start({
      label: `${target} ${mode}`,
      total,
      ...most !== undefined && { unit: "inputs" },
    });
    const saving: Promise<void>[] = [];
    const time = share === undefined ? [] : [AbortSignal.timeout(share)];
    const { corpus } = flags;
    const folders = [fixtures, ...corpus === undefined ? [] : [corpus]].map((folder) =>
      join(folder, target)
    );
    await runCampaign({
      ...{ target, mode, seed, first, last: first + (most ?? Number.MAX_SAFE_INTEGER) },
      files: flags.file !== undefined ? [flags.file] : folders.flatMap(inputFiles),
      signal: AbortSignal.any([abort, ...time]),
      onInput({ outcome, milliseconds, megabytes }) {
        tally.inputs++;
        counts[outcome]++;
        tally.slowestMs = Math.max(tally.slowestMs, milliseconds);
        tally.mostMegabytes = Math.max(tally.mostMegabytes, megabytes);
        const work = most === undefined ? (performance.now() - began) / 100 : tally.inputs;
        const failed = outcomes.filter(isFailure).reduce((sum, kind) => sum + counts[kind], 0);
        line.update(Math.min(total, Math.floor(work)), { inputs: tally.inputs, failed });
      },
      onFailure(failure) {
        const folder = corpus ?? usualFolder;
        saving.push(
          report(failure, { target, mode, seed, folder, saved: saving.length, progress }),
        );
      },
    });
    await Promise.all(saving);
    line.finish();
  }
  print(tableOf(tallies));
  const failures = tallies.reduce(
    (sum, { counts }) =>
      sum + outcomes.filter(isFailure).reduce((all, kind) => all + counts[kind], 0),
    0,
  );
  if (failures > 0) throw new CommandError(`${failures} inputs failed; each is repeated as said`);
  return { seed, targets: tallies };
});

if (import.meta.main) await runVerb(verb);
