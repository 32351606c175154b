/** The command that trains a network again, made of what its weights say. */
import { type CommandSpec, dashed, type Flag, withCommonFlags } from "../../cli/flags.ts";
import { CommandError } from "../../cli/command.ts";
import { parseCommandLine } from "../../cli/parse_command_line.ts";
import { presets } from "../../pipelines/presets.ts";
import { resolveTraining, type TrainingFlags } from "../../pipelines/training.ts";
import { verb as train } from "../../train.ts";

/** Flags of `train` that do not decide what becomes of it. */
const elsewhere = ["preset", "from", "maxPixels", "workers", "out", "fresh", "dryRun", "backend"];

const spec: CommandSpec = train.spec;
type Recipe = Readonly<Record<string, unknown>>;

const same = (a: unknown, b: unknown) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

/** A flag with a value, as words of the command line. */
function words(key: string, flag: Flag, value: unknown): string[] {
  const name = dashed(key);
  if (flag.type === "boolean") return [value ? `--${name}` : `--no-${name}`];
  if (Array.isArray(value)) return [`--${name}`, value.length === 0 ? "0" : value.join(",")];
  if (typeof value === "object" && value !== null) {
    const list = Object.entries(value).map(([name, value]) => `${name}=${value}`);
    return list.length === 0 ? [] : [`--${name}`, list.join(",")];
  }
  return [`--${name}`, String(value)];
}

/** What `train` makes of words. */
function resolved(args: readonly string[]): Recipe {
  const line = parseCommandLine(withCommonFlags(train.spec), args);
  if (typeof line === "string") return {};
  return resolveTraining(line.flags.preset, line.flags).resolved;
}

/**
 * The command line of a training without how the toolkit is started: the preset that the weights name, and
 * the flags in which they differ from what it is today.
 *
 * @param training The record of training in the weights.
 * @param source Name of the weights, for messages.
 * @throws CommandError if no command of today asks for it.
 */
export function trainingCommand(training: Recipe, source: string): string {
  const { preset, backend, seed } = training;
  if (typeof preset !== "string" || !(preset in presets)) {
    throw new CommandError(
      `${source} names the preset ${
        JSON.stringify(preset)
      }, which is none of today: train it again`,
    );
  }
  const plain: TrainingFlags = { seed: Number(seed) };
  const base: Recipe = { ...resolveTraining(preset, plain).resolved, seed: undefined };
  // Of images behind a stable target only its trainings speak in earnest.
  const decides = (key: string) => key !== "references" || training["target"] === "stable";
  const differing = Object.entries(spec.flags).filter(([key]) =>
    !elsewhere.includes(key) && decides(key) && training[key] !== undefined &&
    !same(training[key], base[key])
  );
  const args = [
    ...["--preset", preset],
    ...differing.flatMap(([key, flag]) => words(key, flag, training[key])),
    ...typeof backend === "string" ? ["--backend", backend] : [],
  ];
  const asked = resolved(args);
  const other = Object.keys(training).find((key) =>
    key in asked && decides(key) && !same(training[key], asked[key])
  );
  if (other !== undefined) {
    throw new CommandError(
      `No command trains ${source} again: its ${other} is ${
        JSON.stringify(training[other])
      }, and ` +
        `train ${args.join(" ")} asks for ${JSON.stringify(asked[other])}`,
    );
  }
  return `train ${args.join(" ")}`;
}
