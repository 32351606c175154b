/** `deno task film`: the reverse process of a network and of the theory side by side, as a film. @module */
import { scheduledMachines } from "../src/evaluation/scheduled_machines.ts";
import { writeJsonText } from "../src/formats/json_text.ts";
import {
  machineForPadding,
  machineHasScale,
  parseMachineName,
  patchMachineNames,
} from "../src/machines/machine_table.ts";
import type { Machine } from "../src/machines/patch_machine.ts";
import { networkDenoiser } from "../src/networks/network_denoiser.ts";
import { createProvenance } from "../src/runs/provenance.ts";
import { initialNoise } from "../src/samplers/initial_noise.ts";
import { timeGrid } from "../src/samplers/time_grid.ts";
import { CommandError, defineVerb, runVerb } from "./cli/command.ts";
import { grouped, UsageError } from "./cli/flags.ts";
import { finishRun, runResultFields } from "./cli/run_result.ts";
import { filmOf, filmTiming, tellingPixel } from "./pipelines/film.ts";
import { filmFiles, filmFormats, parseFormats, writeFilm } from "./pipelines/film_files.ts";
import { machineSteps, networkSteps } from "./pipelines/film_states.ts";
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
import { describePosterior } from "./pipelines/posterior.ts";
import { scalesIdentity } from "./pipelines/scales_identity.ts";
import { checkSchedules, chosenLine, requestedSchedules, timesFor } from "./pipelines/schedules.ts";
import { openSession, type SessionParts } from "./pipelines/session.ts";
import { loadNetwork, protocolFor, sourcesProvenance } from "./pipelines/sources.ts";
import { requireWebm } from "./pipelines/webm.ts";

/** What is kept of each step. */
const numbersFile = "film.json";

/** The pixel that a command line names, if it names one within the image. */
function pixelOf(
  words: readonly number[] | undefined,
  [height, width]: readonly [number, number, number],
): readonly [number, number] | undefined {
  if (words === undefined) return undefined;
  const [row, column] = words;
  if (words.length !== 2 || !(row! < height && column! < width)) {
    throw new UsageError(
      `--pixel is ${
        words.join(",")
      }: expected a row below ${height} and a column below ${width}, ` +
        "as in --pixel 12,16",
    );
  }
  return [row!, column!];
}

/** This command. */
export const verb = defineVerb({
  name: "film",
  description:
    "Sends the same noise through the network and through a machine, and makes a film of both side by " +
    "side: noisy images, the clean images expected of them, the window of size k that the machine " +
    "looks through, and the training patch that has most of the pixel. Run again, it goes on where " +
    "it stopped.",
  flags: {
    ...networkFlags,
    ...grouped("Machine", {
      machine: {
        type: "string",
        placeholder: "NAME",
        help: `One of ${
          patchMachineNames.join(", ")
        }; default: bbELS for zero padding, ELS for circular`,
      },
      schedule: {
        ...scheduleFlag,
        help: `${scheduleFlag.help}; default: the zoo's, else the newest of the network`,
      },
      scales: scalesFlag,
    }),
    ...grouped("Sampling", {
      sample: {
        type: "integer",
        min: 0,
        default: 0,
        help: "Which sample of the seed's, by the numbers that evaluate gives them",
      },
      steps: { type: "integer", min: 1, max: 200, help: "Steps; default: the schedule's, else 20" },
      grid: { ...gridFlag, help: `${gridFlag.help}; default: the schedule's` },
    }),
    clip: sampleFlags.clip,
    seed: { ...sampleFlags.seed, default: 2, help: "Seed of the noise, as of evaluate" },
    labels: sampleFlags.labels,
    ...imageFlags,
    ...grouped("What to do", {
      pixel: {
        type: "integers",
        min: 0,
        placeholder: "ROW,COLUMN",
        help:
          "Pixel that the window is around; default: where the network's image has most contrast",
      },
      format: {
        type: "string",
        placeholder: "FORMATS",
        default: "gif",
        help:
          `Some of ${
            filmFormats.join(", ")
          }, with commas: gif plays everywhere, apng has exact colors, webm takes ffmpeg, frames are ` +
          "PNG files in a folder",
      },
      zoom: {
        type: "integer",
        min: 1,
        max: 4,
        default: 1,
        help: "Size: 1 is 660 pixels wide, 2 twice that",
      },
      seconds: {
        type: "number",
        min: 1,
        max: 600,
        help: "Length of the film; default: about 10 for the steps and 3 for the end",
      },
      fps: {
        type: "integer",
        min: 1,
        max: 50,
        default: 12,
        help: "Pictures a second where something moves",
      },
      title: { type: "string", placeholder: "TEXT", help: "Line above the film" },
    }),
    ...machineFlags,
    ...outFlags,
  },
  examples: [
    "film",
    "film --run zoo:cifar10-resnet-zeros --seed 4 --format apng,frames --zoom 2",
    "film --run latest --machine ls --pixel 12,16 --seconds 20",
  ],
  result: {
    ...runResultFields,
    "files.gif": "the film as GIF",
    "files.apng": "the film as animated PNG",
    "files.webm": "the film as WebM",
    "files.frames": "first of the film's pictures (PNG), numbered at a constant rate",
    "files.numbers": "each step with its scale, agreement and training patch (JSON)",
    "numbers.rSquared": "r^2 of the machine's final image with the network's; null if constant",
    "numbers.pixel": "row and column of the pixel that the window is around",
  },
}, async (context) => {
  const { flags, print, progress } = context;
  const formats = parseFormats(flags.format);
  const network = await loadNetwork(flags.run, flags);
  const { architecture } = network.network;
  const named = pixelOf(flags.pixel, architecture.imageShape);
  const asked = flags.machine === undefined
    ? machineForPadding(architecture.padding)
    : parseMachineName(flags.machine);
  const name = patchMachineNames.find((each) => each === asked);
  if (name === undefined) {
    throw new CommandError(
      `Cannot make a film of ${asked}: it has no window of training patches, expected one of ${
        patchMachineNames.join(", ")
      }`,
    );
  }
  const scaled = machineHasScale(name);
  if (!scaled && (flags.schedule !== undefined || flags.scales !== undefined)) {
    throw new CommandError(
      `${name} has no scale: leave out --schedule and --scales, or name a machine that has, such as ` +
        "--machine bbels",
    );
  }
  if (formats.includes("webm")) await requireWebm();
  const loaded = scaled ? await requestedSchedules({ ...flags, machines: name }, network) : [];
  const schedules = loaded.map(({ schedule }) => schedule);
  const { sample, seed } = flags;
  const protocol = protocolFor(network, {
    ...flags,
    ...timesFor(loaded, flags),
    sampler: "ddim",
    samples: sample + 1,
  });
  const chosen = chosenLine(loaded, flags);
  if (chosen !== undefined) progress.note(chosen);
  checkSchedules(loaded, network, protocol);
  const { grid, steps } = protocol;
  const timing = filmTiming(steps, flags);
  const configOf = ({ data, backend, posterior }: SessionParts) => ({
    network: network.sha256,
    ...network.clip !== undefined && { clip: network.clip },
    machine: name,
    scales: schedules.map(scalesIdentity),
    datasetSha256: data.sha256,
    ...{ steps, grid, seed, sample },
    labels: flags.labels ?? null,
    backend: backend.name,
    posterior: posterior.name,
    pixel: named ?? null,
    film: {
      formats,
      zoom: flags.zoom,
      fps: flags.fps,
      seconds: flags.seconds ?? null,
      title: flags.title ?? null,
    },
  });
  await using session = await openSession(context, {
    network,
    command: "film",
    label: `${network.label}-${name}`,
    identity: configOf,
  });
  const { run, data, backend, posterior, abort } = session;
  await tellSamplingMemory(session, {
    samples: 1,
    predictions: steps,
    patchSizes: schedules.map(({ steps }) => Math.max(...steps.map((step) => step.patchSize))),
    workers: flags.workers,
  });
  const { schedule } = network;
  const { imageShape } = architecture;
  const provenance = createProvenance({
    networkBackend: backend.name + (backend.adapter ? ` (${backend.adapter})` : ""),
    machineBackend: describePosterior(posterior),
    seed,
    ...sourcesProvenance(network, data),
    config: configOf(session),
  });
  const process = {
    xT: initialNoise({ seed, samples: 1, first: sample, imageShape, schedule }),
    times: timeGrid(grid, { steps, schedule }),
    labels: protocol.labels?.[sample],
    metadata: { format: "els-film", provenance: JSON.stringify(provenance) },
    ...{ abort, progress },
  };
  using ofNetwork = disposing(networkDenoiser(network));
  const networkPath = await networkSteps(run, ofNetwork, process);
  const pixel = named ?? tellingPixel(networkPath.at(-1)!.xHat0);
  const machine = scheduledMachines([name], { data, schedule, schedules, posterior })[0]!
    .denoiser as Machine;
  const machinePath = await machineSteps(run, machine, { ...process, pixel });
  const images = data.images.shape[0].toLocaleString("en-US");
  const trained = network.training.images;
  const film = filmOf({
    title: flags.title ?? "The same noise, through a network and through the theory",
    subtitle: `${network.label}${
      typeof trained === "number" ? `, trained on ${trained.toLocaleString("en-US")} images` : ""
    } | ${name}: computed from ${
      trained === data.images.shape[0] ? "the same" : images
    } images, nothing trained`,
    machineName: name,
    scales: scaled ? schedules[0] : undefined,
    ...{ pixel, schedule, data, points: timing.points },
    network: networkPath,
    machine: machinePath.steps,
    patches: machinePath.patches,
  });
  if (!run.whole) {
    const { still, moving, end } = timing;
    const { zoom, fps } = flags;
    await writeFilm(run, film, { formats, zoom, fps, still, moving, end, abort, progress });
    await run.write(
      numbersFile,
      writeJsonText({
        format: "els-film",
        version: 1,
        pixel,
        rSquared: film.final.agreement,
        steps: film.steps.map(({ t, sigma, patchSize, agreement }, i) => ({
          ...{ t, sigma, patchSize: patchSize ?? null, rSquared: agreement },
          patch: machinePath.patches[i]!,
        })),
        provenance,
      }),
    );
  }
  const result = await finishRun(run, {
    files: {
      ...Object.fromEntries(formats.map((format) => [format, filmFiles[format]])),
      numbers: numbersFile,
    },
    numbers: { rSquared: film.final.agreement, pixel },
  });
  for (const format of formats) {
    const path = run.file(filmFiles[format]);
    print(`${`${labels[format]}:`.padEnd(9)}${path}${await sizeOf(path, format)}`);
  }
  print(`Numbers: ${run.file(numbersFile)}`);
  return result;
});

const labels = { gif: "GIF", apng: "APNG", webm: "WebM", frames: "Frames" } as const;

async function sizeOf(path: string, format: keyof typeof labels): Promise<string> {
  if (format === "frames") return " and on";
  return ` (${Math.ceil((await Deno.stat(path)).size / 1000).toLocaleString("en-US")} kB)`;
}

/** An object with a method `dispose`, for `using`. */
function disposing<T extends { dispose(): void }>(owner: T): T & Disposable {
  return Object.assign(owner, { [Symbol.dispose]: () => owner.dispose() });
}

if (import.meta.main) await runVerb(verb);
