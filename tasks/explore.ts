/** `deno task explore`: a page in which one sees which training patches made an image. @module */
import { join } from "@std/path";
import { toolkitVersion } from "../src/core/version.ts";
import { datasetSources } from "../src/datasets/registry_files.ts";
import { datasetSha256 } from "../src/datasets/image_dataset.ts";
import { classLabels } from "../src/datasets/class_labels.ts";
import type { ExplorerInfo } from "../src/explorer/contract.ts";
import { type Blocks, readBlocks, writeBlocks } from "../src/explorer/data/blocks.ts";
import { packPageData, PageData } from "../src/explorer/data/page_data.ts";
import { parseMachineName } from "../src/machines/machine_table.ts";
import { readWeights, writeWeights } from "../src/networks/weights/weights.ts";
import { writeFileAtomic } from "../src/runs/atomic_write.ts";
import { createProvenance } from "../src/runs/provenance.ts";
import { initialNoise } from "../src/samplers/initial_noise.ts";
import { timeGrid } from "../src/samplers/time_grid.ts";
import { datasetTitles } from "./reproduce/experiments.ts";
import { defineVerb, runVerb } from "./cli/command.ts";
import { grouped } from "./cli/flags.ts";
import { openInBrowser } from "./cli/open_in_browser.ts";
import { finishRun, runResultFields } from "./cli/run_result.ts";
import { examplePage, explorerPage, explorerPageFile } from "./pipelines/explorer_files.ts";
import {
  defaultImages,
  explorerMachines,
  planProcesses,
  spread,
} from "./pipelines/explorer_plan.ts";
import { runProcesses } from "./pipelines/explorer_run.ts";
import { servePage } from "./pipelines/serve_page.ts";
import {
  gridFlag,
  imageFlags,
  machineFlags,
  networkFlags,
  outFlags,
  sampleFlags,
  scalesFlag,
  scheduleFlag,
} from "./pipelines/flags.ts";
import { describePosterior } from "./pipelines/posterior.ts";
import { checkSchedules, chosenLine, requestedSchedules, timesFor } from "./pipelines/schedules.ts";
import { openSession } from "./pipelines/session.ts";
import {
  loadNetwork,
  protocolFor,
  sourcesIdentity,
  sourcesProvenance,
} from "./pipelines/sources.ts";

/** What a run leaves in its folder. */
const files = { page: explorerPageFile, data: "explore.bin" } as const;

/** Candidates of each pixel that are stored. */
const top = 6;

/** Bytes of weights in half precision that a page takes: with more the network is stored only. */
const mostWeights = 1_500_000;

const { sampler: _ddim, clip, ...sampling } = sampleFlags;

/** Architectures as their authors write them. */
const kindTitles: Readonly<Record<string, string>> = {
  "resnet": "ResNet",
  "unet": "UNet",
  "attention-unet": "attention UNet",
};

/** This command. */
export const verb = defineVerb({
  name: "explore",
  description:
    "Makes one page, a file that loads nothing, in which one sees of every pixel which training " +
    "patches made it, moves time, machine and patch size, and runs machines and network on noise of " +
    "one's own. Without --run: of the MNIST example that comes with the package, at once. Run again, " +
    "it goes on where it stopped.",
  flags: {
    run: {
      ...networkFlags.run,
      help: "Training run (latest, its number or name), weights file, or zoo:NAME; default: the " +
        "example, made of zoo:mnist-resnet-zeros",
    },
    ...grouped("Machine", {
      schedule: {
        ...scheduleFlag,
        help:
          `${scheduleFlag.help}; several, one per machine, with commas; default: the zoo's, else the newest of the network`,
      },
      scales: scalesFlag,
    }),
    ...grouped("Sampling", {
      samples: { type: "integer", min: 1, max: 16, default: 4, help: "Samples that are stored" },
      steps: { type: "integer", min: 1, max: 50, help: "Steps; default: the schedule's, else 20" },
      grid: { ...gridFlag, help: `${gridFlag.help}; default: the schedule's` },
      clip,
    }),
    ...sampling,
    ...imageFlags,
    images: {
      ...imageFlags.images,
      help: "So many training images, all in the page; default: of the network's as many as fit",
    },
    ...machineFlags,
    ...outFlags,
    ...grouped("Output", {
      open: { type: "boolean", help: "Open the page in a browser" },
      serve: {
        type: "boolean",
        help: "Serve the page on 127.0.0.1 until Ctrl-C, with the headers of an isolated page",
      },
    }),
  },
  examples: [
    "explore --open",
    "explore --run latest --open",
    "explore --run zoo:cifar10-resnet-zeros --images 400 --labels 0,3,5,8",
    "explore --run latest --samples 2 --serve",
  ],
  result: {
    ...runResultFields,
    "run": "folder of the run; absent for the example",
    "files.page": "the page (HTML)",
    "files.data": "its data (explore.bin), of which build:page can make the example",
    "numbers.bytes": "size of the page",
    "numbers.images": "training images in it",
  },
}, async (context) => {
  const { flags, print, progress, abort } = context;
  const show = async (path: string, bytes: number) => {
    print(`Page: ${path} (${(bytes / 1e6).toFixed(1)} MB)`);
    if (flags.open && !flags.serve && !await openInBrowser(path)) {
      progress.note(`No browser can be opened from here: open ${path} yourself`);
    }
    if (!flags.serve) return;
    await servePage(path, {
      abort,
      onListen: async (address) => {
        print(`Served at ${address} until Ctrl-C`);
        if (flags.open) await openInBrowser(address);
      },
    });
  };
  if (flags.run === undefined) {
    const html = await examplePage();
    await Deno.mkdir(flags.out, { recursive: true });
    const path = join(flags.out, files.page);
    await writeFileAtomic(path, html);
    await show(path, html.length);
    return { files: { page: path }, numbers: { bytes: html.length } };
  }
  const loadedNetwork = await loadNetwork(flags.run, flags);
  const loaded = await requestedSchedules({ ...flags, machines: undefined }, loadedNetwork);
  const schedules = loaded.map(({ schedule }) => schedule);
  const protocol = protocolFor(loadedNetwork, {
    ...flags,
    sampler: "ddim",
    ...timesFor(loaded, flags),
  });
  const chosen = chosenLine(loaded, flags);
  if (chosen !== undefined) progress.note(chosen);
  checkSchedules(loaded, loadedNetwork, protocol);
  // What the page runs is what is stored: the network in half precision.
  const weights = writeWeights(loadedNetwork, { half: true });
  const network = { ...loadedNetwork, ...readWeights(weights, loadedNetwork.path) };
  const { grid, steps, seed, samples, labels } = protocol;
  const { schedule } = network;
  const times = timeGrid(grid, { steps, schedule });
  const { kind, imageShape, classes, padding } = network.network.architecture;
  const machines = explorerMachines(times.slice(0, -1), { schedules, imageShape });
  const main = schedules.map(({ machine }) => parseMachineName(machine))[0]!;
  const plan = planProcesses(samples, { main, machines });
  const count = (all: number, byDefault: () => number) =>
    flags.images === undefined ? byDefault() : all;
  await using session = await openSession(context, {
    network,
    command: "explore",
    label: network.label,
    identity: ({ data, backend, posterior }) => ({
      ...sourcesIdentity(network, data),
      embedded: count(data.images.shape[0], () => defaultImages(data.images)),
      ...{ grid, steps, seed, samples, labels: labels ?? null, top },
      processes: plan.map(({ sample, machine, patchSize, explained }) => [
        ...[sample, machine, patchSize, explained],
      ]),
      scales: machines.map(({ name, patchSizes }) => [name, patchSizes]),
      backend: backend.name,
      posterior: posterior.name,
    }),
  });
  const { run, data, backend, posterior } = session;
  const embedded = count(data.images.shape[0], () => defaultImages(data.images));
  const { images, indices } = spread(data.images, embedded);
  const hasLabels = data.classNames.length > 0 || classes > 0;
  const ownLabels = hasLabels
    ? Int32Array.from(indices, (index) => data.labels[index]!)
    : undefined;
  const noise = initialNoise({ seed, samples, imageShape, schedule });
  const sampleLabels = Array.from({ length: samples }, (_, i) => labels?.[i] ?? null);
  const processes = await runProcesses(plan, {
    ...{ run, posterior, abort, progress, network, images, noise, sampleLabels, times, top },
    labels: ownLabels,
    patchSizes: (machine) => machines.find(({ name }) => name === machine)!.patchSizes,
  });
  const datasetTitle = data.label ??
    (datasetTitles as Readonly<Record<string, string>>)[data.name] ?? data.name;
  const about = datasetSources.find(({ name }) => name === data.name)?.about;
  const isStored = new Set<string>();
  const info: ExplorerInfo = {
    title: `${datasetTitle}, ${kindTitles[kind] ?? kind} with ${
      padding === "zeros" ? "zero" : "circular"
    } padding`,
    network: { name: network.label, receptiveField: network.network.receptiveField },
    dataset: {
      name: datasetTitle,
      images: embedded,
      ofImages: data.images.shape[0],
      classes: data.classNames.length > 0 ? [...data.classNames] : null,
      credit: about === undefined ? data.name : `${about.what}. ${about.license}`,
    },
    imageShape,
    conditional: classes > 0,
    schedule: schedule.name,
    times: times.slice(0, -1),
    machines,
    samples: sampleLabels.map((label, sample) => ({ seed, sample, label })),
    stored: plan.flatMap(({ machine, patchSize }) => {
      const key = `${machine} ${patchSize}`;
      if (machine === null || isStored.has(key)) return [];
      isStored.add(key);
      return [{ machine, patchSize }];
    }),
    version: toolkitVersion,
    provenance: {
      ...createProvenance({
        networkBackend: backend.name,
        machineBackend: describePosterior(posterior),
        seed,
        ...sourcesProvenance(network, data),
        config: {
          ...{ sampler: "ddim", grid, steps, samples },
          schedules: loaded.map(({ path, schedule: { machine } }) => ({ machine, path })),
          embedded: {
            images: embedded,
            sha256: await datasetSha256(
              images,
              classLabels([...ownLabels ?? new Uint8Array(embedded)], data.classNames.length),
            ),
          },
          halfPrecision: true,
        },
      }),
    },
  };
  const blocks: Blocks = packPageData({
    ...{ info, schedule, images, noise, processes, clip: network.clip, labels: ownLabels },
    weights: weights.length > mostWeights ? undefined : weights,
  });
  if (weights.length > mostWeights) {
    progress.note("The network is too large for a page: it holds stored samples of it only");
  }
  const bytes = writeBlocks(blocks);
  if (!run.whole) await run.write(files.data, bytes);
  const html = await explorerPage(blocks, await PageData.ofBlocks(readBlocks(bytes, files.data)));
  await run.write(files.page, html);
  if (run.whole) run.reopen();
  const result = await finishRun(run, {
    files,
    numbers: { bytes: html.length, images: embedded },
  });
  await show(run.file(files.page), html.length);
  return result;
});

if (import.meta.main) await runVerb(verb);
