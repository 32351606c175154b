/** What a call of run.sh asks for. */
import { resolve } from "@std/path";
import { type CommandSpec, UsageError } from "../../cli/flags.ts";
import { parseCommandLine } from "../../cli/parse_command_line.ts";
import { type Experiment, experiments } from "../../reproduce/experiments.ts";
import { stageNames } from "./gpu_report.ts";

/** Name of a stage. */
export type StageName = typeof stageNames[number];

/** What a call asks for, paths resolved. */
export interface GpuOptions {
  readonly stages: readonly StageName[];
  /** How long each stage may take. */
  readonly minutes: number;
  /** How many minutes all may take. */
  readonly total: number | undefined;
  /** Rows of the published table; undefined: the zero-padded ResNets whose data are at hand. */
  readonly rows: readonly Experiment[] | undefined;
  /** Training steps of a row. */
  readonly steps: number | "published";
  /** Images of the machines where there are no classes. */
  readonly images: number;
  readonly samples: number;
  /** Folder of data sets. */
  readonly data: string | undefined;
  /** Where results go. */
  readonly out: string;
  /** Results of another machine. */
  readonly previous: string | undefined;
  readonly again: boolean;
  readonly tiny: boolean;
  /** The options as they were given. */
  readonly given: string;
}

/** The command as its help page describes it. */
export const gpuSpec = {
  name: "gpu",
  description: "All that only a GPU can show, on the GPU of this machine, in one call. Called " +
    "again, it goes on.",
  flags: {
    stages: {
      type: "string",
      placeholder: "LIST",
      default: stageNames.join(),
      help: "Some of the stages",
    },
    minutes: { type: "integer", min: 1, default: 8, help: "How long each stage may take" },
    total: {
      type: "integer",
      min: 1,
      help: "Minutes that all may take: it saves and ends by itself; default: no limit",
    },
    rows: {
      type: "string",
      placeholder: "LIST",
      help: "Rows of the published table, such as mnist-unet-zeros; default: the zero-padded " +
        "ResNet of each data set at hand",
    },
    steps: {
      type: "string",
      placeholder: "N",
      help: "Training steps of a row, by a recipe for short trainings; published: as the preset " +
        "has it (hours); default: 4000, tiny: 20",
    },
    images: {
      type: "integer",
      min: 1,
      default: 10_000,
      help: "Images of the machines where there are no classes",
    },
    samples: { type: "integer", min: 1, help: "Samples to evaluate; default: 100, tiny: 2" },
    data: {
      type: "string",
      placeholder: "FOLDER",
      help: "Where fashion-mnist, cifar10 and celeba lie; default: shared/data",
    },
    runtime: {
      type: "string",
      placeholder: "PATH",
      help: "Archive of pack.sh --runtime-only, or the folder it was unpacked in",
    },
    out: {
      type: "string",
      default: "gpu-results",
      placeholder: "FOLDER",
      help: "Folder where results go",
    },
    previous: {
      type: "string",
      placeholder: "PATH",
      help: "Results of an earlier call, on another machine: what they hold is not done again",
    },
    again: { type: "boolean", help: "Do again what an earlier call finished" },
    tiny: {
      type: "boolean",
      help: "All stages at toy sizes: shows that they work, also in software",
    },
  },
} as const satisfies CommandSpec;

function list<T extends string>(
  text: string,
  { of, what }: { readonly of: readonly T[]; readonly what: string },
): T[] {
  const names = text.split(",").map((name) => name.trim());
  const strange = names.find((name) => !(of as readonly string[]).includes(name));
  if (strange !== undefined) {
    throw new UsageError(`there is no ${what} ${strange}, expected some of ${of.join(", ")}`);
  }
  return of.filter((name) => names.includes(name));
}

function stepsOf(text: string | undefined, tiny: boolean): number | "published" {
  if (text === undefined) return tiny ? 20 : 4000;
  if (text === "published") return text;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new UsageError(
    `--steps is ${JSON.stringify(text)}, expected a positive integer or "published"`,
  );
}

/**
 * Reads a command line.
 *
 * @returns The word for what it asks for instead: the help page, or the version.
 * @throws UsageError if something is unknown, or a path that is named does not exist.
 */
export async function parseGpuOptions(
  args: readonly string[],
): Promise<GpuOptions | "help" | "version"> {
  const line = parseCommandLine(gpuSpec, args);
  if (typeof line === "string") return line;
  const { flags } = line;
  const { minutes, total, images, again, tiny } = flags;
  for (const path of [flags.data, flags.runtime, flags.previous]) {
    if (path !== undefined && !await Deno.stat(path).then(() => true, () => false)) {
      throw new UsageError(`${path} does not exist`);
    }
  }
  const names = experiments.map(({ name }) => name);
  const rows = flags.rows === undefined ? undefined : list(flags.rows, { of: names, what: "row" });
  return {
    stages: list(flags.stages, { of: stageNames, what: "stage" }),
    rows: rows?.map((name) => experiments.find((each) => each.name === name)!),
    ...{ minutes, total, images, again, tiny },
    steps: stepsOf(flags.steps, tiny),
    samples: flags.samples ?? (tiny ? 2 : 100),
    data: flags.data && resolve(flags.data),
    out: resolve(flags.out),
    previous: flags.previous && resolve(flags.previous),
    given: args.join(" "),
  };
}
