/** `deno task sample`: makes images from noise with a network or a machine. @module */
import { imageBatch, sliceBatch, valuesPerImage } from "../src/core/image_batch.ts";
import { scheduledMachines } from "../src/evaluation/scheduled_machines.ts";
import type { Denoiser } from "../src/denoisers/denoiser.ts";
import { writeSafetensors } from "../src/formats/safetensors.ts";
import { machineHasScale, machineNames, parseMachineName } from "../src/machines/machine_table.ts";
import { networkDenoiser } from "../src/networks/network_denoiser.ts";
import { writeFileAtomic } from "../src/runs/atomic_write.ts";
import { JsonlLog } from "../src/runs/jsonl_log.ts";
import { createProvenance } from "../src/runs/provenance.ts";
import { initialNoise } from "../src/samplers/initial_noise.ts";
import { samplers } from "../src/samplers/samplers.ts";
import { timeGrid } from "../src/samplers/time_grid.ts";
import { CommandError, defineVerb, runVerb } from "./cli/command.ts";
import { grouped } from "./cli/flags.ts";
import { pictureWriter } from "./cli/pictures.ts";
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
import { samplesSvg } from "./pipelines/samples_picture.ts";
import { describePosterior } from "./pipelines/posterior.ts";
import { checkSchedules, chosenLine, requestedSchedules, timesFor } from "./pipelines/schedules.ts";
import {
  type NetworkSession,
  openNetworkSession,
  openSession,
  type Session,
  type SessionParts,
} from "./pipelines/session.ts";
import { loadNetwork, protocolFor, sourcesProvenance } from "./pipelines/sources.ts";

/** This command. */
export const verb = defineVerb({
  name: "sample",
  description:
    "Makes images from noise, with a network or, from the same noise, with a machine: a picture of " +
    "all and their values. Run again, it goes on where it stopped.",
  flags: {
    ...networkFlags,
    ...grouped("Machine", {
      machine: {
        type: "string",
        placeholder: "NAME",
        help: `Instead of the network: one of ${machineNames.join(", ")}`,
      },
      schedule: {
        ...scheduleFlag,
        help: `The machine's: ${scheduleFlag.help}; default: the newest of the network`,
      },
      scales: scalesFlag,
    }),
    ...grouped("Sampling", {
      samples: { type: "integer", min: 1, default: 16, help: "Images" },
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
    ...outFlags,
  },
  examples: [
    "sample --samples 64 --grid cubic",
    "sample --run latest --sampler heun --seed 5",
    "sample --run latest --machine bbels --schedule latest --samples 4",
  ],
  result: {
    ...runResultFields,
    "files.picture": "all images in one picture with labels (PNG)",
    "files.drawing": "the same as SVG",
    "files.values": "their values and labels (safetensors)",
    "numbers.samples": "how many there are",
  },
}, async (context) => {
  const { flags, print, progress } = context;
  const network = await loadNetwork(flags.run, flags);
  const name = flags.machine === undefined ? undefined : parseMachineName(flags.machine);
  const scaled = name !== undefined && machineHasScale(name);
  if (!scaled && (flags.schedule !== undefined || flags.scales !== undefined)) {
    throw new CommandError(
      `${
        name ?? "The network"
      } has no scale: leave out --schedule and --scales, or name a machine ` +
        "that has, such as --machine bbels",
    );
  }
  const loaded = scaled
    ? await requestedSchedules({ ...flags, machines: flags.machine }, network)
    : [];
  const schedules = loaded.map(({ schedule }) => schedule);
  const protocol = protocolFor(network, { ...flags, ...timesFor(loaded, flags) });
  const chosen = chosenLine(loaded, flags);
  if (chosen !== undefined) progress.note(chosen);
  checkSchedules(loaded, network, protocol);
  const { sampler, grid, steps, seed, samples, labels } = protocol;
  const configOf = (
    { backend, data, posterior }: Pick<NetworkSession, "backend"> & Partial<SessionParts>,
  ) => ({
    network: network.sha256,
    machine: name ?? null,
    scales: schedules.map(({ steps }) => steps.map(({ patchSize }) => patchSize)),
    datasetSha256: data?.sha256 ?? null,
    sampler,
    steps,
    grid,
    seed,
    labels: flags.labels ?? null,
    backend: backend.name,
    posterior: posterior?.name ?? null,
  });
  const request = {
    network,
    command: "sample",
    label: name === undefined ? network.label : `${network.label}-${name}`,
    identity: (parts: Parameters<typeof configOf>[0]) => ({ ...configOf(parts), samples }),
  };
  await using session: NetworkSession & Partial<Session> & AsyncDisposable = name === undefined
    ? await openNetworkSession(context, request)
    : await openSession(context, request);
  const { run, backend, data, posterior, abort } = session;
  using log = await JsonlLog.open(run.file("samples.jsonl"));
  const images = log.earlier.map((record) => record.x0 as number[]);

  const ofNetwork = networkDenoiser(network);
  const denoiser: Denoiser = name === undefined || data === undefined || posterior === undefined
    ? ofNetwork
    : scheduledMachines([name], {
      ...{ data, schedule: network.schedule, schedules, posterior, sampler },
    })[0]!.denoiser;
  const { imageShape } = denoiser;
  const { schedule } = network;
  const times = timeGrid(grid, { steps, schedule });
  const xT = initialNoise({ seed, samples, imageShape, schedule });
  const bar = progress.start({
    label: "sample",
    total: samples * steps,
    done: images.length * steps,
  });
  try {
    for (let first = images.length; first < samples; first += flags.batch) {
      const end = Math.min(first + flags.batch, samples);
      const x0 = await samplers[sampler].sample(denoiser, {
        xT: sliceBatch(xT, first, end),
        times,
        seed,
        sampleNumbers: Array.from({ length: end - first }, (_, i) => first + i),
        abort,
        onStep: ({ i }) => bar.update(first * steps + (end - first) * (steps - i + 1)),
        ...labels && { labels: labels.slice(first, end) },
      });
      const size = valuesPerImage(x0);
      for (let i = 0; i < end - first; i++) {
        const values = Array.from(x0.data.subarray(i * size, (i + 1) * size));
        log.append({ sample: first + i, label: labels?.[first + i] ?? null, x0: values });
        images.push(values);
      }
    }
    bar.finish();
  } finally {
    ofNetwork.dispose();
  }

  const all = imageBatch(Float32Array.from(images.flat()), [samples, ...imageShape]);
  const pictures = await pictureWriter(run);
  await pictures.figure(
    "samples",
    samplesSvg(all, { network, protocol, machine: name, scales: schedules[0] }),
  );
  const provenance = createProvenance({
    networkBackend: backend.name + (backend.adapter ? ` (${backend.adapter})` : ""),
    ...posterior && { machineBackend: describePosterior(posterior) },
    seed,
    ...data ? sourcesProvenance(network, data) : {},
    config: configOf(session),
  });
  await writeFileAtomic(
    run.file("samples.safetensors"),
    writeSafetensors(
      new Map([
        ["x0", { dtype: "F32", shape: [...all.shape], data: all.data }],
        ...labels
          ? [["labels", { dtype: "I32", shape: [samples], data: Int32Array.from(labels) }]] as const
          : [],
      ]),
      { metadata: { format: "els-samples", provenance: JSON.stringify(provenance) } },
    ),
  );
  const result = await finishRun(run, {
    files: { picture: "samples.png", drawing: "samples.svg", values: "samples.safetensors" },
    numbers: { samples },
  });
  print(`Picture: ${run.file("samples.png")}`);
  print(`Values:  ${run.file("samples.safetensors")}`);
  return result;
});

if (import.meta.main) await runVerb(verb);
