/** `deno task mosaic`: which training patches made each pixel, in figures, numbers and a page. @module */
import {
  isPatchMachine,
  machineDefinition,
  machineForPadding,
  machineHasScale,
  machineNames,
  parseMachineName,
} from "../src/machines/machine_table.ts";
import { CommandError, defineVerb, runVerb } from "./cli/command.ts";
import { grouped } from "./cli/flags.ts";
import { finishRun, type RunOutcome, runResultFields } from "./cli/run_result.ts";
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
import { followMosaic, mosaicIdentity } from "./pipelines/mosaic.ts";
import { exportMosaic } from "./pipelines/mosaic_export.ts";
import { loadHeldOut } from "./pipelines/mosaic_nearest.ts";
import { parsePixels } from "./pipelines/mosaic_numbers.ts";
import { mosaicFiles } from "./pipelines/mosaic_page.ts";
import { checkSchedules, chosenLine, requestedSchedules, timesFor } from "./pipelines/schedules.ts";
import { openSession } from "./pipelines/session.ts";
import { loadNetwork, protocolFor } from "./pipelines/sources.ts";

/** This command. */
export const verb = defineVerb({
  name: "mosaic",
  description:
    "Shows which training patches made each pixel: sends the same noise through the network and through " +
    "machines, and draws the mosaic of training images, step by step, with the patches of single pixels, how " +
    "many take part, how large the copied pieces are, and the nearest training images. Run again, it goes on " +
    "where it stopped.",
  flags: {
    ...networkFlags,
    ...grouped("Machine", {
      machine: {
        type: "string",
        placeholder: "NAME",
        help: "Machine that the pictures are of; default: the one for the network's padding",
      },
      machines: {
        type: "string",
        placeholder: "NAMES",
        default: "LS,IS",
        help: "Further machines, with commas, to compare with; none: no others",
      },
      schedule: {
        ...scheduleFlag,
        help:
          `${scheduleFlag.help}; several, one per machine, with commas; default: the zoo's, else the newest of the network`,
      },
      scales: scalesFlag,
    }),
    ...grouped("Sampling", {
      samples: { type: "integer", min: 1, default: 2, help: "Samples" },
      steps: {
        type: "integer",
        min: 1,
        max: 1000,
        help: "Steps; default: the schedule's, else 20",
      },
      grid: { ...gridFlag, help: `${gridFlag.help}; default: the schedule's` },
      finish: {
        type: "integer",
        min: 0,
        max: 20,
        default: 3,
        help: "Steps more, between the last and no noise, where that still averages over many " +
          "patches: at falling noise, at the last scale; 0: none",
      },
    }),
    ...sampleFlags,
    seed: { ...sampleFlags.seed, default: 2, help: "Seed of the noise, not that of calibration" },
    ...grouped("What to do", {
      pixels: {
        type: "string",
        placeholder: "3 or ROW:COLUMN,..",
        default: "3",
        help: "Pixels whose patches are drawn: so many of each sample, chosen, or these",
      },
      top: {
        type: "integer",
        min: 1,
        max: 64,
        default: 4,
        help: "Patches that are kept of each pixel, the heaviest",
      },
      heldOutImages: {
        type: "integer",
        min: 0,
        default: 100,
        help:
          "Images that nobody has seen, whose distances to training images are the control; 0: none",
      },
      heldOutFrom: {
        type: "string",
        placeholder: "PATH",
        path: "read",
        help: "File or folder that holds them; default: others of the data set",
      },
    }),
    ...imageFlags,
    ...machineFlags,
    ...outFlags,
  },
  examples: [
    "mosaic",
    "mosaic --run latest --samples 4 --pixels 12:9,20:15",
    "mosaic --run zoo:cifar10-resnet-zeros --labels 7,8 --images 1000 --machines none",
  ],
  result: {
    ...runResultFields,
    "files.report": "everything on one page",
    "files.mosaic": "which training image made each pixel, as a picture",
    "files.steps": "the mosaic of the first sample, step by step, as a picture",
    "files.patches": "patches of chosen pixels of the first sample, as a picture",
    "files.participation": "how many patches and images take part, as a picture",
    "files.regions": "sizes of copied regions, as a picture",
    "files.nearest": "nearest training images, as a picture",
    "files.numbers": "all numbers (mosaic.json)",
    "files.sample NAME":
      "all steps of the sample of this number with the heaviest patches of each pixel (safetensors)",
    "numbers.images with 90 % of the weight":
      "training images that hold 90 % of the weight of a picture at the last step, median",
    "numbers.median region": "pixels of the region that a pixel was copied with at the last step",
    "numbers.distance of the network":
      "L2 distance of its images to the nearest training image, median",
    "numbers.distance of held-out images": "the same of images that nobody has seen",
  },
}, async (context) => {
  const { flags, print, progress } = context;
  const network = await loadNetwork(flags.run, flags);
  const { padding, imageShape } = network.network.architecture;
  const [height, width] = imageShape;
  const main = flags.machine === undefined
    ? machineForPadding(padding)
    : parseMachineName(flags.machine);
  const others = flags.machines === "none" ? [] : flags.machines.split(",").map(parseMachineName);
  const machines = [...new Set([main, ...others])];
  const linear = machines.find((name) => !isPatchMachine(machineDefinition(name)));
  if (linear !== undefined) {
    throw new CommandError(
      `Cannot draw a mosaic of ${linear}: it has no weights of training images; choose of ${
        machineNames.filter((name) => isPatchMachine(machineDefinition(name))).join(", ")
      }`,
    );
  }
  const choice = parsePixels(flags.pixels, { height, width });
  // Without a choice all schedules that there are: a machine without one of its own takes the first.
  const open = flags.schedule === undefined && flags.scales === undefined &&
    machines.some((name) => machineHasScale(name));
  const loaded = await requestedSchedules({
    ...flags,
    machines: open ? undefined : machines.join(","),
  }, network);
  const schedules = loaded.map(({ schedule }) => schedule);
  const protocol = protocolFor(network, { ...flags, ...timesFor(loaded, flags) });
  const chosen = chosenLine(loaded, flags);
  if (chosen !== undefined) progress.note(chosen);
  checkSchedules(loaded, network, protocol);
  const { top, finish, heldOutImages, heldOutFrom } = flags;
  const plan = { protocol, machines, schedules, top, finish };
  await using session = await openSession(context, {
    network,
    command: "mosaic",
    label: network.label,
    identity: (parts) => ({
      ...mosaicIdentity(plan, parts),
      pixels: choice,
      heldOut: heldOutImages,
      heldOutFrom: heldOutFrom ?? null,
    }),
  });
  const { run } = session;
  await tellSamplingMemory(session, {
    samples: 1,
    predictions: protocol.samples * protocol.steps,
    patchSizes: [
      Math.max(...schedules.flatMap(({ steps }) => steps.map((each) => each.patchSize))),
    ],
    workers: flags.workers,
  });
  let outcome = run.finished as RunOutcome | undefined;
  if (outcome === undefined || !run.whole) {
    await followMosaic(plan, session);
    const unseen = await loadHeldOut(flags, session, (line) => progress.note(line));
    outcome = await exportMosaic(plan, session, { choice, heldOut: unseen });
  }
  const result = await finishRun(run, outcome);
  print(`Page:    ${run.file(mosaicFiles.report)}`);
  print(`Mosaic:  ${run.file(`${mosaicFiles.mosaic}.png`)}`);
  print(`Numbers: ${run.file(mosaicFiles.json)}`);
  return result;
});

if (import.meta.main) await runVerb(verb);
