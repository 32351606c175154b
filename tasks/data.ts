/** `deno task data`: fetches data sets, or says which there are and where they lie. @module */
import { datasetNames, datasetSources } from "../src/datasets/registry_files.ts";
import { CommandError, defineVerb, runVerb } from "./cli/command.ts";
import { textTable } from "./cli/table.ts";
import { bringDataset, foundIn } from "./pipelines/bring_dataset.ts";

/** All sets in a table. */
async function list(): Promise<void> {
  const rows: string[][] = [];
  for (const source of datasetSources) {
    const { name, about, archive } = source;
    const where = await foundIn(source) ??
      (archive ? "not here" : name === "folder" ? "give --from PATH" : "with this package");
    rows.push([name, where, about.what]);
  }
  console.log(textTable({ header: ["name", "where", "what"], rows }));
  console.log("\nFor one that is not here: deno task data NAME");
}

/** This command. */
export const verb = defineVerb({
  name: "data",
  description:
    "Fetches a data set as its authors publish it, says its size and license before it begins, and " +
    "verifies the checksum. Ctrl-C stops; run again, it goes on where it stopped. Without NAME it " +
    "lists the data sets and where they lie.",
  positionals: [{ name: "NAME", help: "Data set", choices: datasetNames, optional: true }],
  flags: {
    from: {
      type: "string",
      placeholder: "PATH",
      help: "Take the published files from here instead of the network",
    },
    mirror: {
      type: "string",
      placeholder: "URL",
      help: "Fetch the published files from below another address",
    },
    into: {
      type: "string",
      placeholder: "FOLDER",
      help: "Where to keep them; default: data/downloads/NAME, where all commands look",
    },
  },
  examples: [
    "deno task data",
    "deno task data cifar10",
    "deno task data celeba --from ~/Downloads/img_align_celeba.zip",
  ],
}, async ({ flags, positionals: [name], abort, progress }) => {
  if (name === undefined) {
    for (const flag of ["from", "mirror", "into"] as const) {
      if (flags[flag] !== undefined) throw new CommandError(`--${flag} needs the NAME of a set`);
    }
    return await list();
  }
  const { from, mirror, into } = flags;
  if (from !== undefined && mirror !== undefined) {
    throw new CommandError("--from and --mirror exclude each other: give one of them");
  }
  if (mirror !== undefined && !/^https?:\/\/./.test(mirror)) {
    throw new CommandError(`--mirror is ${JSON.stringify(mirror)}, expected an http(s) address`);
  }
  const source = datasetSources.find((known) => known.name === name)!;
  const print = (line: string) => console.log(line);
  await bringDataset(source, { from, mirror, into, abort, progress, print });
});

if (import.meta.main) await runVerb(verb);
