/** `deno task merge`: joins the shards of a command to what that would have made alone. @module */
import { CommandError, defineVerb, runVerb, type Verb } from "./cli/command.ts";
import { dashed, type FlagSpecs, grouped } from "./cli/flags.ts";
import { verbEntries } from "./cli/verbs.ts";
import {
  machineFlags,
  networkFlags,
  outFlags,
  scalesFlag,
  scheduleFlag,
} from "./pipelines/flags.ts";
import { MergedShards, shardPaths } from "./pipelines/merged_shards.ts";

/** Flags that name files: those of the commands whose shards are merged, as these had them. */
const placeFlags = {
  run: { ...networkFlags.run, help: "The network, where the shards had a file or a run" },
  schedule: {
    ...scheduleFlag,
    group: "Scales",
    help: "The schedule of scales, as the shards had it",
  },
  scales: { ...scalesFlag, group: "Scales", help: "The list of scales, as the shards had it" },
  ...grouped("Data", {
    from: {
      type: "string",
      placeholder: "PATH",
      path: "read",
      help: "Where the data set lies, where the shards had it from a file or folder",
    },
    heldOutFrom: {
      type: "string",
      placeholder: "PATH",
      path: "read",
      help: "The same of its test part",
    },
    classifier: { type: "string", placeholder: "FILE", path: "read", help: "The classifier, so" },
    inception: { type: "string", placeholder: "FILE", path: "read", help: "The Inception, so" },
  }),
} as const;

/** Where what is left is computed; by default where the shards were. */
const deviceFlags = {
  backend: withoutDefault(machineFlags.backend),
  posterior: withoutDefault(machineFlags.posterior),
  workers: machineFlags.workers,
};

function withoutDefault<F extends { readonly default: unknown; readonly help: string }>(
  { default: _, ...flag }: F,
): Omit<F, "default"> {
  return { ...flag, help: `${flag.help.replace(/; auto:.*/, "")}; default: as the shards` };
}

/** This command. */
export const verb = defineVerb({
  name: "merge",
  description:
    "Joins the shards that a command with --shard made, all of them in any order, to the run that it would " +
    "have made alone, to the last bit, and prints what it would have printed. Shards that are missing, " +
    "damaged, twice there or of other work are named and refused.",
  positionals: [{
    name: "SHARDS",
    help: "Their folder, or their files",
    path: "read",
    several: true,
  }],
  flags: {
    ...placeFlags,
    ...deviceFlags,
    out: { ...withoutDefault(outFlags.out), help: "Folder of the runs; default: runs" },
  },
  examples: ["merge runs/shards/sample-mnist-resnet-48x6-0a1b2c3d"],
  result: {
    "merged": "the command whose shards they are; its own fields follow",
    "shards": "how many there were",
  },
}, async (context) => {
  const { flags, positionals, progress } = context;
  const merging = await MergedShards.read(await shardPaths(positionals));
  const { kind } = merging.header;
  const entry = verbEntries.find(({ name }) => name === kind);
  if (entry === undefined) {
    throw new CommandError(
      `${positionals[0]} holds shards of "${kind}", which no command here makes`,
    );
  }
  const { verb } = await entry.load();
  progress.note(`Merging ${merging.count} shards of ${kind}`);
  const result = await verb.main({
    ...context,
    flags: await flagsOf(verb, { merging, flags, path: positionals[0]! }) as never,
    positionals: [],
    merging,
  });
  return { ...result, merged: kind, shards: merging.count };
});

/** The flags of the command as its shards had them, with those of the merge in their place. */
async function flagsOf(
  { spec }: Verb,
  { merging, flags, path }: {
    readonly merging: MergedShards;
    readonly flags: Readonly<Record<string, unknown>>;
    readonly path: string;
  },
): Promise<Record<string, unknown>> {
  const { about = {} } = merging.header;
  const had = about["flags"];
  if (typeof had !== "object" || had === null) {
    throw new CommandError(`Cannot merge ${path}: its shards do not say how they were made`);
  }
  const own: FlagSpecs = spec.flags;
  const given = Object.entries(flags).filter(([name, value]) =>
    value !== undefined && (name in own || ["quiet", "json"].includes(name))
  );
  const all: Record<string, unknown> = {
    ...{ out: "runs", ...had, ...Object.fromEntries(given), fresh: false },
    // A reproduction has its runs elsewhere than its document.
    ...flags["out"] !== undefined && "runs" in own && { runs: flags["out"] },
  };
  delete all["shard"];
  for (const [name, flag] of Object.entries(own)) {
    if (flag.type !== "string" || flag.path !== "read") continue;
    const value = all[name];
    if (typeof value !== "string" || name in Object.fromEntries(given)) continue;
    for (const part of value.split(",")) {
      if (!await mayRead(part)) {
        throw new CommandError(
          `Its shards were made with --${
            dashed(name)
          } ${value}, which merge reads only if its own command ` +
            `line names it: add --${dashed(name)} ${value}`,
        );
      }
    }
  }
  return all;
}

/** Whether a path may be read; words of the zoo, names of runs and lists of scales are none. */
async function mayRead(path: string): Promise<boolean> {
  if (path.startsWith("zoo:") || !/[\\/.]/.test(path)) return true;
  const { state } = await Deno.permissions.query({ name: "read", path });
  return state === "granted";
}

if (import.meta.main) await runVerb(verb);
