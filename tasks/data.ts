/** `deno task data`: fetches data sets, or says which there are and where they lie. @module */
import { datasetNames, datasetSources } from "../src/datasets/registry_files.ts";
import { CommandError, defineVerb, runVerb } from "./cli/command.ts";
import { grouped } from "./cli/flags.ts";
import { commandLine } from "./cli/invocation.ts";
import { textTable } from "./cli/table.ts";
import { bringDataset, foundIn } from "./pipelines/bring_dataset.ts";

/** All sets, with where they lie; absent: nowhere yet. */
async function list() {
  return await Promise.all(datasetSources.map(async (source) => {
    const { name, about, folders = [] } = source;
    const place = await foundIn(source);
    const where = place ??
      (folders.length > 0
        ? "not here"
        : name === "folder"
        ? "give --from PATH"
        : "with this package");
    return { name, where, what: about.what, license: about.license };
  }));
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
    ...grouped("Data", {
      from: {
        type: "string",
        placeholder: "PATH",
        path: "read",
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
        path: "write in the folder",
        help: "Where to keep them; default: data/downloads/NAME, where all commands look",
      },
    }),
  },
  examples: [
    "data",
    "data cifar10",
    "data celeba --from ~/Downloads/img_align_celeba.zip",
  ],
  result: {
    "datasets": "without NAME: name, where, what and license of each set",
    "dataset": "with NAME: the set",
    "images": "with NAME: how many there are, in words",
    "folder": "with NAME: where they lie; null: they come with the package",
  },
}, async ({ flags, positionals: [name], abort, progress, print }) => {
  if (name === undefined) {
    for (const flag of ["from", "mirror", "into"] as const) {
      if (flags[flag] !== undefined) throw new CommandError(`--${flag} needs the NAME of a set`);
    }
    const datasets = await list();
    print(textTable({
      header: ["name", "where", "what", "license"],
      rows: datasets.map(({ name, where, what, license }) => [name, where, what, license]),
    }));
    print(`\nFor one that is not here: ${commandLine("data NAME")}`);
    return { datasets };
  }
  const { from, mirror, into } = flags;
  if (from !== undefined && mirror !== undefined) {
    throw new CommandError("--from and --mirror exclude each other: give one of them");
  }
  if (mirror !== undefined && !/^https?:\/\/./.test(mirror)) {
    throw new CommandError(`--mirror is ${JSON.stringify(mirror)}, expected an http(s) address`);
  }
  const source = datasetSources.find((known) => known.name === name)!;
  return await bringDataset(source, { from, mirror, into, abort, progress, print });
});

if (import.meta.main) await runVerb(verb);
