/** `deno task data`: fetches data sets, or says which there are and where they lie. @module */
import { checkImageFolder } from "../src/datasets/check_folder_files.ts";
import { ownSets } from "../src/datasets/dataset_label.ts";
import { datasetNames, datasetSources } from "../src/datasets/registry_files.ts";
import type { ClassesFrom } from "../src/datasets/source.ts";
import { CommandError, defineVerb, runVerb } from "./cli/command.ts";
import { dashed, grouped } from "./cli/flags.ts";
import { commandLine } from "./cli/invocation.ts";
import { textTable } from "./cli/table.ts";
import { bringDataset, type BringOptions, foundIn } from "./pipelines/bring_dataset.ts";
import { folderFlags, maxPixelsFlag } from "./pipelines/flags.ts";
import { readingWith } from "./pipelines/reading.ts";

/** All sets, with where they lie; absent: nowhere yet. */
async function list() {
  return await Promise.all(datasetSources.map(async (source) => {
    const { name, about, folders = [] } = source;
    const place = await foundIn(source);
    const where = place ??
      (folders.length > 0
        ? "not here"
        : ownSets.includes(name)
        ? "give --from PATH"
        : "with this package");
    return { name, where, what: about.what, license: about.license };
  }));
}

/** Says what there is in a folder of images. */
async function lookThrough(
  { from, mirror, into, classesFrom, maxPixels }: {
    readonly from: string | undefined;
    readonly mirror: string | undefined;
    readonly into: string | undefined;
    readonly classesFrom: ClassesFrom | undefined;
    readonly maxPixels: number | undefined;
  },
  { abort, progress, print }: Pick<BringOptions, "abort" | "progress" | "print">,
) {
  if (from === undefined) {
    throw new CommandError("A folder of images, a zip or a tar of one, is named with --from");
  }
  if (mirror !== undefined || into !== undefined) {
    throw new CommandError("Nothing to fetch: a folder of images is read where it lies");
  }
  const { onProgress, finish } = readingWith({ abort, progress });
  const { survey: { parts }, unreadable } = await checkImageFolder(from, {
    ...{ classesFrom, maxPixels, abort, onProgress },
    tell(line) {
      finish();
      print(line);
    },
  });
  const whole = parts.reduce((sum, { images }) => sum + images, 0);
  return {
    dataset: "folder",
    images: `${whole.toLocaleString("en")} images`,
    folder: from,
    parts: parts.map(({ name, images, classes }) => ({ name, images, classes })),
    unreadable,
  };
}

/** This command. */
export const verb = defineVerb({
  name: "data",
  description:
    "Fetches a data set as its authors publish it, says its size and license before it begins, and " +
    "verifies the checksum. Ctrl-C stops; run again, it goes on where it stopped. Of a folder of " +
    "images it reads every one and says what there is. Without NAME it lists the data sets and " +
    "where they lie.",
  positionals: [{ name: "NAME", help: "Data set", choices: datasetNames, optional: true }],
  flags: {
    ...grouped("Data", {
      from: {
        type: "string",
        placeholder: "PATH",
        path: "read",
        help:
          "Take the published files from here instead of the network; of folder: look through it",
      },
      classesFrom: folderFlags.classesFrom,
      maxPixels: maxPixelsFlag,
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
    "data folder --from pictures",
    "data celeba --from ~/Downloads/img_align_celeba.zip",
  ],
  result: {
    "datasets": "without NAME: name, where, what and license of each set",
    "dataset": "with NAME: the set",
    "images": "with NAME: how many there are, in words",
    "folder": "with NAME: where they lie; null: they come with the package",
    "parts": "of folder: name, images and classes (name, images) of each part",
    "unreadable": "of folder: what is wrong with each image that cannot be read",
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
  if (name === "folder") return await lookThrough(flags, { abort, progress, print });
  for (const flag of ["classesFrom", "maxPixels"] as const) {
    if (flags[flag] !== undefined) throw new CommandError(`--${dashed(flag)} is for folder`);
  }
  const source = datasetSources.find((known) => known.name === name)!;
  return await bringDataset(source, { from, mirror, into, abort, progress, print });
});

if (import.meta.main) await runVerb(verb);
