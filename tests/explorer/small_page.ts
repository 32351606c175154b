/** A page of small images, made as the command makes pages, for tests. */
import { type ImageBatch, sliceBatch } from "../../src/core/image_batch.ts";
import { Random } from "../../src/core/random.ts";
import { bytesToImages } from "../../src/datasets/labeled_bytes.ts";
import { syntheticTextures } from "../../src/datasets/synthetic.ts";
import type { Denoiser } from "../../src/denoisers/denoiser.ts";
import type { ExplorerInfo, ExplorerRequest } from "../../src/explorer/contract.ts";
import { readBlocks, writeBlocks } from "../../src/explorer/data/blocks.ts";
import { packPageData, PageData } from "../../src/explorer/data/page_data.ts";
import { recordExplained, recordPredictions } from "../../src/explorer/data/record_process.ts";
import { type PackedProcess, packProcess } from "../../src/explorer/data/stored_process.ts";
import { createMachine } from "../../src/machines/create_machine.ts";
import type { MachineName } from "../../src/machines/machine_table.ts";
import { resnet } from "../../src/networks/architectures/resnet.ts";
import { initialParameters } from "../../src/networks/weights/parameters.ts";
import { readWeights, writeWeights } from "../../src/networks/weights/weights.ts";
import { networkDenoiser } from "../../src/networks/network_denoiser.ts";
import { startBackend } from "../../src/networks/backend.ts";
import { initialNoise } from "../../src/samplers/initial_noise.ts";
import { timeGrid } from "../../src/samplers/time_grid.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";
import { wasmPosterior } from "../../src/posterior/wasm/wasm_posterior.ts";
import { explorerMachines } from "../../tasks/pipelines/explorer_plan.ts";

export const imageShape = [10, 10, 1] as const;
export const schedule = cosineLegacy();
export const images: ImageBatch = bytesToImages(syntheticTextures({ images: 22, size: 10 }));
/** Class by class, as folders have them. */
export const labels = Int32Array.from({ length: 22 }, (_, i) => i < 11 ? 0 : 1);
export const times = timeGrid("cubic", { steps: 3, schedule });
export const noise = initialNoise({ seed: 4, samples: 2, imageShape, schedule });
/** Patch sizes by step. */
export const sizes = [7, 5, 3] as const;

/** A network whose weights are random, in half precision. */
export const weights = (() => {
  const network = resnet({
    ...{ kind: "resnet", imageShape: [10, 10, 1], padding: "zeros", classes: 0 },
    ...{ width: 8, layers: 1, kernelSize: 3 },
  });
  const parameters = initialParameters(network.parameters, new Random(3));
  return writeWeights({ network, parameters, schedule, prediction: "v", training: {} }, {
    half: true,
  });
})();

/** The library's machine with the page's patch sizes, or one for all steps. */
export function libraryMachine(name: MachineName, patchSize: number | null = null) {
  return createMachine(name, {
    ...{ images, labels, schedule, posterior: wasmPosterior({ workers: 0 }) },
    patchSize: patchSize ?? ((t) => sizes[times.indexOf(t)]!),
  });
}

/** The library's network. */
export async function libraryNetwork(): Promise<Denoiser> {
  await startBackend("wasm");
  return networkDenoiser(readWeights(weights, "test"));
}

/** Packed blocks of the page. */
export async function smallBlocks() {
  const processes: PackedProcess[] = [];
  const network = await libraryNetwork();
  for (const sample of [0, 1]) {
    const options = { xT: sliceBatch(noise, sample, sample + 1), times, label: null };
    const of = (machine: MachineName | null) => ({ sample, machine, patchSize: null });
    processes.push(
      packProcess(
        of("bbELS"),
        await recordExplained(libraryMachine("bbELS"), { ...options, top: 4 }),
      ),
      packProcess(of("LS"), await recordPredictions(libraryMachine("LS"), options)),
      packProcess(of(null), await recordPredictions(network, options)),
    );
  }
  const info: ExplorerInfo = {
    title: "Textures & <tests>",
    network: { name: "resnet", receptiveField: 7 },
    dataset: {
      ...{ name: "textures", images: 22, ofImages: 22, classes: ["one", "two"] },
      credit: "made here",
    },
    ...{ imageShape, conditional: false, schedule: schedule.name, times: times.slice(0, -1) },
    machines: explorerMachines(times.slice(0, -1), {
      imageShape,
      schedules: [
        { machine: "bbELS", steps: sizes.map((k, i) => ({ t: times[i]!, patchSize: k })) } as never,
      ],
    }),
    samples: [0, 1].map((sample) => ({ seed: 4, sample, label: null })),
    stored: [{ machine: "bbELS", patchSize: null }, { machine: "LS", patchSize: null }],
    ...{ version: "0.0.0", provenance: {} },
  };
  return packPageData({ info, schedule, images, labels, noise, processes, weights });
}

/** The page's data, through the file. */
export async function smallPage(): Promise<PageData> {
  return await PageData.ofBlocks(readBlocks(writeBlocks(await smallBlocks()), "test"));
}

/** What is asked for unless a test says otherwise. */
export const request: ExplorerRequest = {
  noise: { kind: "stored", index: 0 },
  strokes: [],
  label: null,
  machine: "bbELS",
  patchSize: null,
};
