/** `deno task quality`: what images of a network or a machine are worth, in numbers and pictures. @module */
import { scheduledMachines } from "../src/evaluation/scheduled_machines.ts";
import type { Machine } from "../src/machines/patch_machine.ts";
import { parseMachineName } from "../src/machines/machine_table.ts";
import { networkDenoiser } from "../src/networks/network_denoiser.ts";
import { samplers } from "../src/samplers/samplers.ts";
import { CommandError, defineVerb, runVerb } from "./cli/command.ts";
import { grouped } from "./cli/flags.ts";
import { finishRun, runResultFields } from "./cli/run_result.ts";
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
import { tellSamplingMemory } from "./pipelines/memory.ts";
import { measureQuality, shardFeatures } from "./pipelines/quality.ts";
import { CostLog, type ImageCost } from "./pipelines/quality_costs.ts";
import { exportQuality, qualityFiles, qualityText } from "./pipelines/quality_export.ts";
import { featureKinds, featureNames } from "./pipelines/quality_features.ts";
import { chosenMeasures, frechetNames, measureNames } from "./pipelines/quality_rows.ts";
import type { SampledDenoiser } from "./pipelines/quality_samples.ts";
import {
  chosenImages,
  controlName,
  floorName,
  heldOutSets,
  loadHeldOut,
  type MeasuredSet,
} from "./pipelines/quality_sets.ts";
import { readingWith } from "./pipelines/reading.ts";
import { shardFlags } from "./pipelines/shard_flag.ts";
import { imageTensor, sharedProtocol } from "./pipelines/share.ts";
import { scalesIdentity } from "./pipelines/scales_identity.ts";
import { checkSchedules, chosenLine, requestedSchedules, timesFor } from "./pipelines/schedules.ts";
import { openSession } from "./pipelines/session.ts";
import { loadNetwork, protocolFor, sourcesIdentity } from "./pipelines/sources.ts";

/** Held-out images that are taken where nothing else is asked for. */
const usualHeldOut = 2000;

/** This command. */
export const verb = defineVerb({
  name: "quality",
  description:
    "Measures what images of a network, and of machines from the same noise, are worth against held-out " +
    "images: Frechet and kernel distance, inception score, precision, recall, density, coverage, " +
    "sliced Wasserstein distance of patches, and memorization, whole and local, with the neighbors " +
    "shown. Run again, it goes on where it stopped.",
  flags: {
    ...networkFlags,
    ...grouped("Machine", {
      machines: {
        type: "string",
        placeholder: "NAMES",
        help: "Machines to measure beside the network, with commas; default: none",
      },
      skipNetwork: { type: "boolean", help: "Measure the machines only" },
      schedule: {
        ...scheduleFlag,
        help:
          `${scheduleFlag.help}; several, one per machine, with commas; default: the zoo's, else the newest of the network`,
      },
      scales: scalesFlag,
    }),
    ...grouped("What to do", {
      features: {
        type: "string",
        placeholder: "NAMES",
        help:
          `What images are compared by, with commas: ${
            featureNames.join(", ")
          }; default: classifier ` +
          "where there is one of these images, else pixels, and patches",
      },
      metrics: {
        type: "string",
        placeholder: "NAMES",
        help: `Measures, with commas: ${measureNames.join(", ")}; default: all`,
      },
      classifier: {
        type: "string",
        placeholder: "FILE",
        path: "read",
        help: "A classifier of your own in place of the one that ships",
      },
      inception: {
        type: "string",
        placeholder: "FILE",
        path: "read",
        help:
          "Your file of pt_inception-2015-12-05, for --features inception: FID, KID, inception score",
      },
      heldOutFrom: {
        type: "string",
        placeholder: "PATH",
        path: "read",
        help: "File or folder that holds the data set's test part, where it is elsewhere",
      },
      heldOutImages: {
        type: "integer",
        min: 2,
        help: `Held-out images, chosen by the seed; default: up to ${usualHeldOut}`,
      },
      neighbors: {
        type: "integer",
        min: 1,
        default: 5,
        help: "Neighbors that a neighborhood reaches to, for precision and the like",
      },
      shift: {
        type: "integer",
        min: 0,
        default: 2,
        help:
          "Pixels by which copies of training images are looked for, mirrored too; 0: as they are",
      },
      explained: {
        type: "integer",
        min: 0,
        default: 2,
        help: "Samples of each machine whose patches are traced, for local memorization",
      },
      extrapolate: {
        type: "boolean",
        help: "Also the Frechet distance for infinitely many samples, of 15 subsets",
      },
    }),
    ...grouped("Sampling", {
      samples: {
        type: "integer",
        min: 2,
        default: 200,
        help: "Images of the network and each machine",
      },
      steps: {
        type: "integer",
        min: 1,
        max: 1000,
        help: "Steps; default: the schedule's, else 20",
      },
      grid: { ...gridFlag, help: `${gridFlag.help}; default: the schedule's` },
      batch: { type: "integer", min: 1, default: 16, help: "Images made at a time" },
    }),
    ...sampleFlags,
    ...imageFlags,
    ...machineFlags,
    ...shardFlags,
    ...outFlags,
  },
  examples: [
    "quality --samples 500",
    "quality --machines bbels,ls,is --samples 100",
    "quality --run latest --features pixels,patches --metrics frechet,wasserstein",
    "quality --run zoo:cifar10-resnet-zeros --from train.bin --held-out-from test.bin",
    "quality --features inception --inception pt_inception-2015-12-05-6726825d.pth",
  ],
  result: {
    ...runResultFields,
    "files.report": "everything on one page",
    "files.samples": "the first images of each set, as a picture",
    "files.neighbors": "images nearest to training images and these, as a picture",
    "files.distances": "distances to the nearest training image, as a picture",
    "files.quality": "all numbers (quality.json)",
    "files.table": "all numbers as a table (CSV)",
    "files.local": "what machines copy at each step (CSV)",
    "numbers.Frechet distance of NAME":
      "of each set, by the first features; FID where they are inception's",
    "numbers.C_T of NAME": "below 0 where samples are nearer to training images than held-out ones",
    "rows": "set, features, measure, value, error, rows, heldOutRows, width, warning",
    "costs": "set, seconds of processor time of an image, seconds of preparing",
  },
}, async (context) => {
  const { flags, print, progress, abort } = context;
  const network = await loadNetwork(flags.run, flags);
  const names = [...new Set((flags.machines?.split(",") ?? []).map(parseMachineName))];
  if (flags.skipNetwork && names.length === 0) {
    throw new CommandError("--skip-network leaves nothing to measure: name --machines");
  }
  const measures = chosenMeasures(flags.metrics);
  const loaded = names.length === 0
    ? []
    : await requestedSchedules({ ...flags, machines: names.join(",") }, network);
  const schedules = loaded.map(({ schedule }) => schedule);
  const protocol = protocolFor(network, { ...flags, ...timesFor(loaded, flags) });
  const chosen = chosenLine(loaded, flags);
  if (chosen !== undefined) progress.note(chosen);
  checkSchedules(loaded, network, protocol);
  const reading = readingWith({ progress, abort });
  const heldOutData = await loadHeldOut(network, { ...flags, ...reading });
  reading.finish();
  const { seed, samples, sampler, steps } = protocol;
  const { heldOut, control } = heldOutSets(heldOutData.images, {
    count: flags.heldOutImages ?? usualHeldOut,
    controls: samples,
    seed,
  });
  const { imageShape } = network.network.architecture;
  const kinds = await featureKinds(flags.features, {
    dataset: heldOutData.name,
    imageShape,
    classifier: flags.classifier,
    inception: flags.inception,
  });
  const configuration = {
    ...protocol,
    labels: protocol.labels?.join(",") ?? "none",
    machines: names,
    ofNetwork: !flags.skipNetwork,
    features: kinds.map(({ name, identity }) => `${name} ${identity}`),
    measures: [...measures],
    neighbors: flags.neighbors,
    shift: flags.shift,
    explained: flags.explained,
    extrapolate: flags.extrapolate ?? false,
    heldOutImages: heldOut.shape[0],
    controlImages: control?.shape[0] ?? 0,
  };
  await using session = await openSession(context, {
    network,
    command: "quality",
    label: network.label,
    samples,
    identity: (parts) => ({
      ...configuration,
      scales: schedules.map((each) => [each.machine, scalesIdentity(each)]),
      ...sourcesIdentity(network, parts.data),
      heldOutSha256: heldOutData.sha256,
      backend: parts.backend.name,
      posterior: parts.posterior.name,
    }),
  });
  const { run, data, share } = session;
  if (share.role === "shard" && share.done) return await share.result();
  const own = sharedProtocol(protocol, share);
  await tellSamplingMemory(session, {
    samples: Math.min(own.samples, flags.batch),
    ...!flags.skipNetwork &&
      { predictions: own.samples * steps * (samplers[sampler].predictions ?? 1) },
    patchSizes: schedules.map(({ steps }) => Math.max(...steps.map((step) => step.patchSize))),
    workers: flags.workers,
  });
  const machines = scheduledMachines(names, {
    ...session,
    schedule: network.schedule,
    schedules,
    sampler,
  });
  const ofNetwork = networkDenoiser(network);
  const sets: MeasuredSet[] = [];
  let costs: readonly ImageCost[] = [];
  try {
    const subjects: SampledDenoiser[] = [
      ...flags.skipNetwork ? [] : [{ name: "network", denoiser: ofNetwork }],
      ...machines,
    ];
    using log = await CostLog.open(run.file("costs.jsonl"), share);
    for (const subject of subjects) {
      const images = await log.samples(subject, own, { session, batch: flags.batch });
      sets.push({ name: subject.name, images });
    }
    if (share.role === "shard") {
      const made = sets.map(({ name, images }) => [`${name}/x0`, imageTensor(images)] as const);
      return await share.finish({
        tensors: new Map([...made, ...await shardFeatures(kinds, sets, session)]),
        values: { costs: log.lines },
      });
    }
    costs = log.costs;
  } finally {
    ofNetwork.dispose();
  }
  if (control !== undefined) sets.push({ name: controlName, images: control });
  sets.push({
    name: floorName,
    images: chosenImages(data.images, { count: samples, seed, stream: floorName }),
  });
  const quality = await measureQuality({
    ...{ sets, heldOut, kinds, protocol, shift: flags.shift },
    explained: Math.min(flags.explained, samples),
    machines: machines.map(({ name, denoiser }) => ({ name, denoiser: denoiser as Machine })),
    options: {
      ...{ measures, seed, abort, neighbors: flags.neighbors },
      extrapolate: flags.extrapolate ?? false,
    },
  }, session);
  if (!run.whole) {
    const content = { sets, heldOut, heldOutData, kinds, costs, configuration };
    await exportQuality(quality, content, session);
  }
  const { rows } = quality;
  const main = kinds[0]!.name;
  const result = await finishRun(run, {
    files: {
      report: qualityFiles.report,
      samples: `${qualityFiles.samples}.png`,
      neighbors: `${qualityFiles.neighbors}.png`,
      distances: `${qualityFiles.distances}.png`,
      quality: qualityFiles.json,
      table: qualityFiles.table,
      local: qualityFiles.local,
    },
    numbers: Object.fromEntries(
      rows.filter(({ features, measure }) =>
        measure === "C_T" || (frechetNames.includes(measure) && features === main)
      ).map(({ set, measure, value }) => [`${measure} of ${set}`, value]),
    ),
  });
  print(qualityText(quality, { kinds, heldOut, costs }));
  print("");
  print(`Page:    ${run.file(qualityFiles.report)}`);
  print(`Numbers: ${run.file(qualityFiles.json)}`);
  return { ...result, rows, costs };
});

if (import.meta.main) await runVerb(verb);
