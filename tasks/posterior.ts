/** `deno task posterior`: one prediction of a machine from any number of training images. @module */
import { type ImageBatch, sliceBatch } from "../src/core/image_batch.ts";
import { streamPart } from "../src/core/image_stream.ts";
import { addNoise } from "../src/denoisers/add_noise.ts";
import { imageGridSvg } from "../src/figures/image_grid.ts";
import { type StoredTensor, writeSafetensors } from "../src/formats/safetensors.ts";
import { Candidates } from "../src/machines/candidates.ts";
import { checkMachineScales } from "../src/machines/create_machine.ts";
import { feedImages } from "../src/machines/feed_images.ts";
import {
  isPatchMachine,
  machineDefinitions,
  parseMachineName,
  patchMachineNames,
} from "../src/machines/machine_table.ts";
import { startBackend } from "../src/networks/backend.ts";
import { meetingPosterior } from "../src/posterior/meeting/meeting_posterior.ts";
import { arraysOfState, stateOfArrays } from "../src/posterior/meeting/state_record.ts";
import { emptyState, mergeInto, posteriorMean } from "../src/posterior/merge_states.ts";
import type { PosteriorState } from "../src/posterior/patch_posterior.ts";
import { hasScale } from "../src/posterior/request.ts";
import { meetingFolder } from "../src/runs/meeting_folder.ts";
import { createProvenance } from "../src/runs/provenance.ts";
import { noiseAt } from "../src/schedules/noise_level.ts";
import { CommandError, defineVerb, runVerb } from "./cli/command.ts";
import { grouped } from "./cli/flags.ts";
import { pictureWriter } from "./cli/pictures.ts";
import { finishRun, runResultFields } from "./cli/run_result.ts";
import { imageFlags, machineFlags, networkFlags, outFlags } from "./pipelines/flags.ts";
import type { MergedShards } from "./pipelines/merged_shards.ts";
import { createPosterior, describePosterior, devicesLine } from "./pipelines/posterior.ts";
import { readingWith } from "./pipelines/reading.ts";
import { shardFlags } from "./pipelines/shard_flag.ts";
import { closeShare, imageTensor, openShare } from "./pipelines/share.ts";
import { loadNetwork, sourcesProvenance, streamMachineImages } from "./pipelines/sources.ts";

/** What a run leaves in its folder. */
const files = {
  picture: "posterior.png",
  drawing: "posterior.svg",
  values: "posterior.safetensors",
} as const;

/** This command. */
export const verb = defineVerb({
  name: "posterior",
  description:
    "One prediction of a machine from any number of training images, which are read tile by tile and never " +
    "held: the first images of the set, with noise, and what the machine makes of them. Run again, it goes on " +
    "where it stopped; with --shard it sums a part of the images, for merge to join.",
  flags: {
    ...networkFlags,
    ...grouped("Machine", {
      machine: {
        type: "string",
        placeholder: "NAME",
        default: "LS",
        help: `One of ${patchMachineNames.join(", ")}`,
      },
      patchSize: {
        type: "integer",
        min: 1,
        default: 7,
        odd: true,
        help: "Patch size k, of machines that have one",
      },
    }),
    ...grouped("Sampling", {
      t: { type: "number", min: 0, max: 1, default: 0.5, help: "Time, as a measure of the noise" },
      samples: { type: "integer", min: 1, default: 1, help: "Noisy images" },
      seed: { type: "integer", min: 0, default: 1, help: "Seed of the noise" },
    }),
    ...imageFlags,
    ...machineFlags,
    ...shardFlags,
    ...outFlags,
  },
  examples: [
    "posterior --dataset textures --images 1000000",
    "posterior --dataset textures --machine els --patch-size 5 --shard 2/4",
  ],
  result: {
    ...runResultFields,
    "files.picture": "clean and noisy images, and the machine's, in one picture (PNG)",
    "files.drawing": "the same as SVG",
    "files.values": "clean, x, xHat0 and the logarithm of the sum of weights (safetensors)",
    "numbers.images": "how many training images there are",
    "numbers.mse": "mean squared distance of xHat0 from the clean images",
  },
}, async (context) => {
  const { flags, abort, progress, print } = context;
  const name = parseMachineName(flags.machine);
  const definition = machineDefinitions[name];
  if (!isPatchMachine(definition)) {
    throw new CommandError(
      `${name} needs all training images together: expected one of ${patchMachineNames.join(", ")}`,
    );
  }
  const network = await loadNetwork(flags.run, flags);
  const { schedule } = network;
  const { signal, sigma } = noiseAt(schedule, flags.t);
  if (!(sigma > 0 && signal > 0)) {
    throw new CommandError(
      `At --t ${flags.t} signal is ${signal} and sigma ${sigma}: both must be positive`,
    );
  }
  const reading = readingWith({ progress, abort });
  const data = await streamMachineImages(network, { ...flags, ...reading });
  const [total, height, width, channels] = data.images.shape;
  const imageShape = [height, width, channels] as const;
  const scales = hasScale(definition.rule) ? [flags.patchSize] : [1];
  checkMachineScales(scales, definition, { imageShape });
  if (flags.samples > total) {
    throw new CommandError(`--samples is ${flags.samples}, and there are ${total} images`);
  }
  const clean = await firstImages(data.images.tiles({ to: flags.samples, abort }));
  const x = addNoise(clean, { schedule, t: flags.t, seed: flags.seed });

  const backend = await startBackend(flags.backend);
  await using inner = await closing(createPosterior(flags, backend));
  const config = {
    ...{
      network: network.sha256,
      machine: name,
      patchSize: hasScale(definition.rule) ? scales : null,
    },
    ...{ t: flags.t, samples: flags.samples, seed: flags.seed, datasetSha256: data.sha256 },
    posterior: inner.posterior.name,
  };
  const { run, share } = await openShare(config, {
    ...{ out: flags.out, command: "posterior", label: `${data.label ?? data.name}-${name}` },
    ...{ over: "images", total, ...flags.fresh && { fresh: true } },
  }, context);
  await using _closing = { [Symbol.asyncDispose]: () => closeShare({ share, run }) };
  if (share.role === "shard" && share.done) return await share.result();
  progress.note(run.status);
  progress.note(devicesLine(backend, inner.posterior));

  const state = async (): Promise<PosteriorState> => {
    if (share.role === "merge") return mergedState(share.merged);
    const { from, to } = share.role === "shard" ? share : { from: 0, to: total };
    const images = streamPart(data.images, { from, to });
    const bar = progress.start({ label: "sum", total: to - from, unit: "images" });
    const posterior = meetingPosterior(inner.posterior, {
      place: await meetingFolder(run.file("steps")),
      shard: { index: 1, count: 1, from, to, total },
      ...{ identity: config, onImages: bar.update },
    });
    const summing = posterior.begin({ query: x, rule: definition.rule, scales, signal, sigma });
    await feedImages(summing, images, {
      ...{ candidates: new Candidates(name, undefined), label: null, abort },
    });
    const sum = await summing.finish();
    bar.update(to - from);
    bar.finish();
    return sum;
  };
  if (share.role === "shard") {
    const arrays = Object.entries(arraysOfState(await state()));
    return await share.finish({
      tensors: new Map(arrays.map(([key, array]) => [
        key,
        { dtype: "F64", shape: array.shape, data: array.data } as StoredTensor,
      ])),
    });
  }
  let mse = Number(run.finished?.["numbers"] && (run.finished["numbers"] as { mse: number }).mse);
  if (!run.whole) {
    const sum = await state();
    const xHat0 = posteriorMean(sum, { imageShape });
    mse = xHat0.data.reduce((square, value, i) => square + (value - clean.data[i]!) ** 2, 0) /
      xHat0.data.length;
    const provenance = createProvenance({
      ...{ machineBackend: describePosterior(inner.posterior), seed: flags.seed, config },
      ...sourcesProvenance(network, data),
    });
    const logSum = sum.logScale.map((value, i) => value + Math.log(sum.sum[i]!));
    await run.write(
      files.values,
      writeSafetensors(
        new Map<string, StoredTensor>([
          ...Object.entries({ clean, x, xHat0 }).map(([key, batch]) =>
            [key, imageTensor(batch)] as const
          ),
          ["logSum", { dtype: "F64", shape: [flags.samples, height, width], data: logSum }],
        ]),
        { metadata: { format: "els-posterior", provenance: JSON.stringify(provenance) } },
      ),
    );
    const pictures = await pictureWriter(run);
    await pictures.figure(
      "posterior",
      imageGridSvg({
        title:
          `${name}${hasScale(definition.rule) ? `, k ${flags.patchSize}` : ""}, t ${flags.t}: ` +
          `${total.toLocaleString("en")} images of ${data.label ?? data.name}`,
        rows: [
          { label: "clean", images: clean },
          { label: "noisy", images: shown(x) },
          { label: name, images: xHat0 },
        ],
      }),
    );
  }
  const result = await finishRun(run, { files, numbers: { images: total, mse } });
  print(`Mean squared distance from the clean images: ${mse.toPrecision(3)}`);
  print(`Picture: ${run.file(files.picture)}`);
  print(`Values:  ${run.file(files.values)}`);
  return result;
});

/** The states of shards, merged in their order. */
function mergedState(merged: MergedShards): PosteriorState {
  let sum: PosteriorState | undefined;
  for (const { source, tensors } of merged.each) {
    const arrays = [...tensors].flatMap(([key, { dtype, shape, data }]) =>
      dtype === "F64" ? [[key, { shape, data: data as Float64Array }] as const] : []
    );
    const state = stateOfArrays(Object.fromEntries(arrays), source);
    mergeInto(sum ??= emptyState(state.shape), state);
  }
  return sum!;
}

/** All images of a few tiles. */
async function firstImages(tiles: AsyncIterable<ImageBatch>): Promise<ImageBatch> {
  for await (const tile of tiles) return sliceBatch(tile, 0, tile.shape[0]);
  throw new CommandError("There are no images");
}

/** A noisy image as a picture can show it. */
const shown = ({ data, shape }: ImageBatch): ImageBatch => ({
  data: data.map((value) => Math.max(-1, Math.min(1, value))),
  shape,
});

/** A backend that is ended with its block. */
async function closing(starting: ReturnType<typeof createPosterior>) {
  const posterior = await starting;
  return { posterior, [Symbol.asyncDispose]: () => posterior.dispose() };
}

if (import.meta.main) await runVerb(verb);
