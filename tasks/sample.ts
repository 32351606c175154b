/** `deno task sample`: makes images from noise with a network or a machine. @module */
import { scheduledMachines } from "../src/evaluation/scheduled_machines.ts";
import type { Denoiser } from "../src/denoisers/denoiser.ts";
import { machineHasScale, machineNames, parseMachineName } from "../src/machines/machine_table.ts";
import {
  completeParameters,
  parametersFlag,
  requestedParameters,
  tellMachineMemory,
} from "./pipelines/machine_parameters.ts";
import { makeSamples } from "./pipelines/make_samples.ts";
import { tellSamplingMemory } from "./pipelines/memory.ts";
import { networkDenoiser } from "../src/networks/network_denoiser.ts";
import { ImageStore } from "../src/runs/image_store.ts";
import { createProvenance } from "../src/runs/provenance.ts";
import { samplers } from "../src/samplers/samplers.ts";
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
import {
  imageShardFlags,
  openStreamedSession,
  requestedImagePart,
} from "./pipelines/image_shards.ts";
import { takeLoggedSamples } from "./pipelines/logged_samples.ts";
import { samplesSvg } from "./pipelines/samples_picture.ts";
import { describePosterior } from "./pipelines/posterior.ts";
import { shardFlags } from "./pipelines/shard_flag.ts";
import { sharedProtocol, storedTensors, takeImages } from "./pipelines/share.ts";
import { scalesIdentity } from "./pipelines/scales_identity.ts";
import { checkSchedules, chosenLine, requestedSchedules, timesFor } from "./pipelines/schedules.ts";
import {
  type NetworkSession,
  openNetworkSession,
  openSession,
  type Session,
  type SessionParts,
} from "./pipelines/session.ts";
import { loadNetwork, protocolFor, sourcesProvenance } from "./pipelines/sources.ts";

/** What a run leaves in its folder. */
const files = {
  picture: "samples.png",
  drawing: "samples.svg",
  values: "samples.safetensors",
} as const;

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
        help:
          `The machine's: ${scheduleFlag.help}; default: the zoo's, else the newest of the network`,
      },
      scales: scalesFlag,
      parameters: parametersFlag,
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
    ...imageShardFlags,
    ...machineFlags,
    ...shardFlags,
    ...outFlags,
  },
  examples: [
    "sample --samples 64 --grid cubic",
    "sample --run latest --sampler heun --seed 5",
    "sample --run latest --machine bbels --schedule latest --samples 4",
    "sample --machine wiener --parameters rank=100",
    "sample --machine ls --scales 7,7,7 --dataset textures --samples 1 --stream",
    "sample --machine els --schedule latest --shard-images 1/4 --meet shared/els",
  ],
  result: {
    ...runResultFields,
    "files.picture": "the images, up to 100, in one picture with labels (PNG)",
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
  const part = requestedImagePart(flags, name);
  const parameters = requestedParameters(flags.parameters, name === undefined ? [] : [name]);
  const loaded = scaled
    ? await requestedSchedules({ ...flags, machines: flags.machine }, network)
    : [];
  const schedules = loaded.map(({ schedule }) => schedule);
  const protocol = protocolFor(network, { ...flags, ...timesFor(loaded, flags) });
  const chosen = chosenLine(loaded, flags);
  if (chosen !== undefined) progress.note(chosen);
  checkSchedules(loaded, network, protocol);
  const { sampler, grid, steps, seed, samples } = protocol;
  const configOf = (
    { backend, data, posterior }:
      & Pick<NetworkSession, "backend">
      & Partial<Pick<SessionParts, "posterior">>
      & { readonly data?: Pick<SessionParts["data"], "sha256"> },
  ) => ({
    network: network.sha256,
    ...network.clip !== undefined && { clip: network.clip },
    machine: name ?? null,
    ...parameters && { parameters: { ...parameters } },
    scales: schedules.map(scalesIdentity),
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
    samples,
    command: "sample",
    label: name === undefined ? network.label : `${network.label}-${name}`,
    identity: (parts: Parameters<typeof configOf>[0]) => ({ ...configOf(parts), samples }),
  };
  await using streamed = part && await openStreamedSession(context, { ...request, part });
  await using opened: (NetworkSession & Partial<Session> & AsyncDisposable) | undefined = streamed
    ? undefined
    : name === undefined
    ? await openNetworkSession(context, request)
    : await openSession(context, request);
  const session = streamed ?? opened!;
  const { run, backend, data, posterior, abort, share } = session;
  if (share.role === "shard" && share.done) return await share.result();
  const own = sharedProtocol(protocol, share);
  await tellSamplingMemory(session, {
    samples: Math.min(own.samples, flags.batch),
    ...name === undefined &&
      { predictions: own.samples * steps * (samplers[sampler].predictions ?? 1) },
    patchSizes: schedules.map(({ steps }) => Math.max(...steps.map((step) => step.patchSize))),
    workers: flags.workers,
  });
  const held = opened?.data;
  if (name !== undefined && held !== undefined) {
    tellMachineMemory([name], { data: held, progress, run });
  }
  const ofNetwork = networkDenoiser(network);
  const denoiser: Denoiser = name === undefined || data === undefined || posterior === undefined
    ? ofNetwork
    : scheduledMachines([name], {
      ...{ data: streamed?.own ?? data, schedule: network.schedule, schedules, posterior, sampler },
      parameters: held === undefined ? parameters : await completeParameters(parameters, {
        ...{ names: [name], protocol, session: { ...session, data: held } },
      }),
    })[0]!.denoiser;
  const { imageShape } = denoiser;
  const provenance = createProvenance({
    networkBackend: backend.name + (backend.adapter ? ` (${backend.adapter})` : ""),
    ...posterior && { machineBackend: describePosterior(posterior) },
    seed,
    ...data ? sourcesProvenance(network, data) : {},
    config: configOf(session),
  });
  using images = await ImageStore.open(run.file(files.values), {
    ...{ names: ["x0"], samples: own.samples, imageShape },
    ...own.labels && {
      known: new Map([
        ["labels", { dtype: "I32", shape: [own.samples], data: Int32Array.from(own.labels) }],
      ]),
    },
    metadata: { format: "els-samples", provenance: JSON.stringify(provenance) },
    whole: run.whole,
  });
  if (images.damage !== undefined) progress.note(images.damage);
  await takeLoggedSamples(run, { images, progress, imagesOf: (record) => record });
  takeImages(images, share);
  try {
    await makeSamples(denoiser, own, {
      ...{ images, label: "sample", batch: flags.batch, abort, progress, listen: streamed?.listen },
    });
    await streamed?.posterior.leave();
  } finally {
    ofNetwork.dispose();
  }
  if (share.role === "shard") return await share.finish({ tensors: storedTensors(images) });

  if (!run.whole) {
    const pictures = await pictureWriter(run);
    await pictures.figure(
      "samples",
      samplesSvg(images.all("x0"), { network, protocol, machine: name, scales: schedules[0] }),
    );
  }
  const result = await finishRun(run, {
    files,
    numbers: { samples },
  });
  print(`Picture: ${run.file(files.picture)}`);
  print(`Values:  ${run.file(files.values)}`);
  return result;
});

if (import.meta.main) await runVerb(verb);
