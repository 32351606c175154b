/** `deno task windows`: which window predicts the networks of the zoo best. @module */
import { basename } from "@std/path";
import { windowNames } from "../src/machines/machine_window.ts";
import { startBackend } from "../src/networks/backend.ts";
import { zooEntries } from "../src/zoo/zoo_index.ts";
import { defineVerb, runVerb } from "./cli/command.ts";
import { grouped, UsageError } from "./cli/flags.ts";
import { textIfThere } from "./cli/text_file.ts";
import { machineFlags } from "./pipelines/flags.ts";
import { createPosterior, devicesLine } from "./pipelines/posterior.ts";
import { readingWith } from "./pipelines/reading.ts";
import { loadMachineImages, loadNetwork } from "./pipelines/sources.ts";
import { makeFolderOf, writeOutput } from "./pipelines/write_output.ts";
import { zooPrefix } from "./pipelines/zoo.ts";
import { chosen, placeFlags, placesOf, runsFlag, wordsOf } from "./reproduce/flags.ts";
import { Parts } from "./reproduce/parts.ts";
import { windowsDocument, windowsPicture, windowsTable } from "./reproduce/window_picture.ts";
import { parseWindowRows, windowRowsCsv } from "./reproduce/window_rows.ts";
import { studyWindows } from "./reproduce/window_study.ts";

/** This command. */
export const verb = defineVerb({
  name: "windows",
  description:
    "Which window predicts networks best: calibrates the k x k box and each soft window against networks " +
    "of the zoo, lets all of them make images of the same noise, asks them at the network's own steps, " +
    "and writes a table of all samples with a figure. Every part is a run of its own that resumes.",
  flags: {
    ...grouped("What to do", {
      rows: {
        type: "string",
        placeholder: "NAMES",
        help: "Networks of the zoo, such as mnist-resnet-zeros,cifar10-unet-zeros; default: all",
      },
      windows: {
        type: "string",
        placeholder: "NAMES",
        help: `Windows beside the k x k box, with commas, of ${
          windowNames.join(", ")
        }; default: all but box`,
      },
      steps: { type: "integer", min: 1, max: 1000, default: 8, help: "Cubic times" },
      samples: { type: "integer", min: 1, default: 20, help: "Samples that are compared" },
      calibrationSamples: {
        type: "integer",
        min: 1,
        default: 5,
        help: "Trajectories that widths are calibrated on, of other noise",
      },
      refineSamples: {
        type: "integer",
        min: 0,
        default: 0,
        help:
          "Further trajectories on which all scales are refined by the final images' r^2; 0: none",
      },
      images: {
        type: "integer",
        min: 1,
        default: 200,
        help:
          "Training images of a machine; of a network with classes for each class so many at most",
      },
      writeOnly: { type: "boolean", help: "Draw the figure from the table that is there" },
    }),
    ...placeFlags,
    ...machineFlags,
    ...grouped("Output", {
      out: {
        type: "string",
        default: "docs/windows.md",
        placeholder: "FILE",
        path: "write a file",
        help: "The document, whose table is renewed; samples (CSV) and figure lie beside it",
      },
    }),
    runs: runsFlag,
  },
  examples: [
    "windows --rows mnist-resnet-zeros --windows super --samples 4",
    "windows --write-only",
  ],
  result: {
    "finished": "whether all that was asked for is done; false after Ctrl-C",
    "files.document": "the document",
    "files.samples": "all samples of all windows (CSV)",
    "files.picture": "how much better windows predict than the box (SVG)",
  },
}, async ({ flags, abort, progress, print }) => {
  const stem = flags.out.replace(/\.md$/, "");
  const [samples, picture] = [`${stem}.csv`, `${stem}.svg`];
  const before = await textIfThere(samples);
  let rows = before === undefined ? [] : parseWindowRows(before, samples);
  const write = async () => {
    await makeFolderOf(flags.out);
    const document = windowsDocument(await textIfThere(flags.out), {
      rows,
      picture: basename(picture),
    });
    await writeOutput(flags.out, document);
    await writeOutput(samples, windowRowsCsv(rows));
    await writeOutput(picture, await windowsPicture(rows));
  };
  const parts = new Parts(progress);
  if (!flags.writeOnly) {
    const windows = flags.windows === undefined
      ? windowNames.filter((name) => name !== "box")
      : wordsOf(flags.windows).map((word) => {
        const known = windowNames.find((name) => name === word);
        if (known !== undefined) return known;
        throw new UsageError(
          `--windows has ${JSON.stringify(word)}, expected some of ${windowNames.join(", ")}`,
        );
      });
    const entries = chosen(zooEntries, { names: flags.rows, flag: "rows" });
    const backend = await startBackend(flags.backend);
    const posterior = await createPosterior(flags, backend);
    await using _ = { [Symbol.asyncDispose]: () => posterior.dispose() };
    progress.note(devicesLine(backend, posterior));
    for (const { name } of entries) {
      if (abort.aborted) break;
      await parts.attempt(name, async () => {
        const network = await loadNetwork(`${zooPrefix}${name}`, {});
        const { classes } = network.network.architecture;
        const known = network.training["images"];
        const wanted = flags.images * Math.max(1, classes);
        const dataset = String(network.training["dataset"]);
        const data = await loadMachineImages(network, {
          images: typeof known === "number" ? Math.min(known, wanted) : wanted,
          from: (placesOf(flags) as Readonly<Record<string, string | undefined>>)[dataset],
          ...readingWith({ progress, abort }),
        });
        const found = await studyWindows({ network, data }, {
          ...{ backend, posterior, abort, progress, windows, runs: flags.runs },
          sizes: flags,
        });
        rows = [
          ...rows.filter((row) => row.network !== name || row.images !== data.images.shape[0]),
          ...found.map((row) => ({ network: name, ...row })),
        ];
        await write();
      });
    }
  }
  if (rows.length === 0) throw new UsageError(`${samples} is not there: run without --write-only`);
  await write();
  print(windowsTable(rows));
  print(`Document: ${flags.out}, figure: ${picture}`);
  return { finished: !abort.aborted, files: { document: flags.out, samples, picture } };
});

if (import.meta.main) await runVerb(verb);
