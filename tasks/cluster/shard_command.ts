/** The command that a job does in shards: whether it can be, and what each shard runs. */
import { findRun } from "../../src/runs/find_run.ts";
import { CommandError, type Verb } from "../cli/command.ts";
import { dashed, type FlagSpecs, UsageError, withCommonFlags } from "../cli/flags.ts";
import { nearest } from "../cli/nearest.ts";
import { parseCommandLine } from "../cli/parse_command_line.ts";
import { verbEntries } from "../cli/verbs.ts";

/** A path that a command line names. */
export interface NamedPath {
  readonly flag: string;
  readonly path: string;
}

/** A command that can be done in shards. */
export interface ShardCommand {
  /** The verb and its words, as every shard gets them. */
  readonly words: readonly string[];
  /** What its flags name that is read or written. */
  readonly paths: readonly NamedPath[];
  /** Words of the merge: it reads and writes in the same places, and only what its own words name. */
  readonly merging: readonly string[];
}

/** Flags that say which part is done, or would do it anew at every attempt. */
const ours = ["shard", "fresh", "json", "help", "version"] as const;

/** Verbs whose work can be split. */
async function shardedVerbs(): Promise<string[]> {
  const found = await Promise.all(verbEntries.map(async ({ name, load }) => {
    const { flags } = (await load()).verb.spec;
    return "shard" in flags ? [name] : [];
  }));
  return found.flat();
}

async function loadVerb(name: string): Promise<Verb> {
  const entry = verbEntries.find((each) => each.name === name);
  const verb = (await entry?.load())?.verb;
  if (verb !== undefined && "shard" in verb.spec.flags) return verb;
  const names = await shardedVerbs();
  const near = nearest(name, names);
  throw new UsageError(
    `Cannot submit ${JSON.stringify(name)}: ${
      verb === undefined ? "there is no such verb" : "its work cannot be split"
    }, expected one of ${names.join(", ")}${near === undefined ? "" : `; did you mean ${near}?`}`,
  );
}

/**
 * Reads a command line as its verb would, before many machines do.
 *
 * @param options.shards How many there are.
 * @param options.cpus Cores of each shard: threads of the command, unless it names them itself.
 * @throws UsageError or CommandError, in one line, if the verb would refuse it or cannot be split.
 */
export async function shardCommand(
  words: readonly string[],
  { shards, cpus }: { readonly shards: number; readonly cpus?: number | undefined },
): Promise<ShardCommand> {
  const [name, ...args] = words;
  if (name === undefined) {
    throw new UsageError(
      "The command is missing: write it after --, such as -- calibrate --run latest",
    );
  }
  const { spec } = await loadVerb(name);
  const full = withCommonFlags(spec);
  const line = read(name, () => parseCommandLine(full, args));
  const given = (flag: string) =>
    args.some((arg) => arg === `--${flag}` || arg.startsWith(`--${flag}=`));
  const refused = ours.find((flag) => given(flag));
  if (refused !== undefined || typeof line === "string") {
    throw new UsageError(
      `Cannot submit ${name} with --${
        refused ?? line
      }: shards are given theirs by submit; leave it out`,
    );
  }
  const flags = line.flags as Readonly<Record<string, unknown>>;
  checkSplits(name, { flags, shards });
  const out = typeof flags["out"] === "string" ? flags["out"] : "runs";
  const fixed = await withoutLatest(words, { flags: full.flags, values: flags, out });
  const threads = cpus !== undefined && "workers" in full.flags && !given("workers")
    ? ["--workers", String(cpus)]
    : [];
  const again = parseCommandLine(full, fixed.slice(1));
  if (typeof again === "string") throw new UsageError(`Cannot submit ${name} with --${again}`);
  const paths = Object.entries(full.flags).flatMap(([key, flag]): NamedPath[] => {
    const value = (again.flags as Readonly<Record<string, unknown>>)[key];
    // Documents are for the merge to write, in the folder of the runs.
    const isPath = flag.type === "string" && flag.path !== undefined &&
      flag.path !== "write a file";
    return isPath && typeof value === "string" ? [{ flag: dashed(key), path: value }] : [];
  });
  const known = (await verbEntries.find((each) => each.name === "merge")?.load())?.verb.spec.flags;
  const taken = new Set(Object.keys(known ?? {}).map(dashed));
  const merging = paths
    // What the folder of the runs is called differs; the merge calls it as most do.
    .map(({ flag, path }) => ({ flag: flag === "runs" ? "out" : flag, path }))
    .filter(({ flag }) => taken.has(flag))
    .flatMap(({ flag, path }) => [`--${flag}`, path]);
  return { words: [...fixed, ...threads], paths, merging: [...merging, ...threads] };
}

/** What every shard would refuse for itself: numbers that all samples decide, and shards without any. */
function checkSplits(
  name: string,
  { flags, shards }: { readonly flags: Readonly<Record<string, unknown>>; readonly shards: number },
): void {
  for (const flag of ["samples", "images"]) {
    if (flags[flag] !== "auto") continue;
    throw new UsageError(
      `Cannot submit ${name}: --${flag} is auto, which all samples together decide; give a number`,
    );
  }
  const { samples } = flags;
  if (typeof samples === "number" && samples < shards) {
    throw new UsageError(
      `Cannot submit ${name}: found ${shards} shards of ${samples} samples, expected at most as many; ` +
        "choose fewer --shards or more --samples",
    );
  }
}

function read<T>(name: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`Cannot submit ${name}: ${error.message}`);
  }
}

/**
 * A command line that names runs where it said "latest": shards begin at different times, and what is the
 * latest run may change between them.
 */
async function withoutLatest(
  words: readonly string[],
  { flags, values, out }: {
    readonly flags: FlagSpecs;
    readonly values: Readonly<Record<string, unknown>>;
    readonly out: string;
  },
): Promise<string[]> {
  const fixed = [...words];
  for (const [key, flag] of Object.entries(flags)) {
    if (flag.type !== "string" || flag.madeBy === undefined || values[key] !== "latest") continue;
    const run = await latestRun(out, { flag: dashed(key), commands: flag.madeBy });
    const at = fixed.findIndex((word) =>
      word === `--${dashed(key)}` || word === `--${dashed(key)}=latest`
    );
    fixed.splice(at, fixed[at]!.includes("=") ? 1 : 2, `--${dashed(key)}`, run);
  }
  return fixed;
}

async function latestRun(
  root: string,
  { flag, commands }: { readonly flag: string; readonly commands: readonly string[] },
): Promise<string> {
  try {
    const kind = { noun: `run of ${commands.join(" or ")}`, commands };
    return (await findRun("latest", { root, kind })).name;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    throw new CommandError(
      `Cannot tell which run is the latest in ${root}: submit reads only this clone; name it, such as ` +
        `--${flag} 2`,
    );
  }
}
