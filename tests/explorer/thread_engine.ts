/** An engine on the calling thread for tests of the view: real machines, and as network one of other images. */
import {
  bytesToImages,
  createMachine,
  createSchedule,
  explainTrajectory,
  imageBatch,
  initialNoise,
  machineHasScale,
  type MachineName,
  machineTable,
  timeGrid,
  wasmPosterior,
} from "@els/toolkit/machines";
import type {
  ExplorerEngine,
  ExplorerInfo,
  ExplorerRequest,
  FollowOptions,
} from "../../src/explorer/contract.ts";

/** What an engine is made of, as JSON can hold it. */
export interface EngineData {
  readonly name: string;
  /** `[N, H, W, C]`, one byte a value, base64. */
  readonly images: string;
  /** `[N, H, W, C]`, those of the stand-in for the network. */
  readonly others: string;
  readonly shape: readonly [height: number, width: number, channels: number];
  readonly labels: readonly number[];
  readonly classes: readonly string[];
  readonly conditional: boolean;
  readonly steps: number;
  readonly patchSizes: readonly number[];
  readonly candidates: readonly number[];
  readonly machines: readonly MachineName[];
}

const bytesOf = (text: string) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** Makes the engine. */
export function threadEngine(data: EngineData): ExplorerEngine {
  const { shape, labels, steps, patchSizes, candidates } = data;
  const [height, width, channels] = shape;
  const values = height * width * channels;
  const batchOf = (text: string) => {
    const bytes = bytesOf(text);
    return bytesToImages({
      pixels: bytes,
      shape: [bytes.length / values, height, width, channels],
    });
  };
  const images = batchOf(data.images), others = batchOf(data.others);
  const schedule = createSchedule("cosine_legacy");
  const times = timeGrid("cubic", { steps, schedule });
  const posterior = wasmPosterior({ workers: 0 });
  const stepOf = (t: number) => times.findIndex((each) => Math.abs(each - t) < 1e-6);
  const info: ExplorerInfo = {
    title: `${data.name}, network with zero padding`,
    network: { name: "stand-in", receptiveField: Math.max(...patchSizes) },
    dataset: {
      name: data.name,
      images: images.shape[0],
      ofImages: 60_000,
      classes: data.classes,
      credit: "made for tests",
    },
    imageShape: shape,
    conditional: data.conditional,
    schedule: schedule.name,
    times: times.slice(0, -1),
    machines: data.machines.map((name) => {
      const { description } = machineTable.find((row) => row.name === name)!;
      const scaled = machineHasScale(name);
      return {
        name,
        description,
        patchSizes: scaled ? patchSizes : null,
        candidates: scaled ? candidates : [],
      };
    }),
    samples: [0, 1, 2].map((sample) => ({
      seed: 5,
      sample,
      label: data.conditional ? sample : null,
    })),
    stored: [{ machine: "bbELS", patchSize: null }],
    version: "0.0.0",
    provenance: { seed: 5 },
  };

  const start = ({ noise, strokes }: Pick<ExplorerRequest, "noise" | "strokes">) => {
    const { seed, sample } = noise.kind === "seed"
      ? { seed: noise.seed, sample: 0 }
      : info.samples[noise.index]!;
    const xT = initialNoise({ seed, samples: 1, first: sample, imageShape: shape, schedule });
    for (const { pixel, value } of strokes) {
      xT.data.fill(value, pixel * channels, (pixel + 1) * channels);
    }
    return xT;
  };

  async function follow(
    request: ExplorerRequest,
    { training, explained, options }: {
      readonly training: typeof images;
      readonly explained: boolean;
      readonly options: FollowOptions;
    },
  ): Promise<Float32Array> {
    const { onStep, onProgress, abort } = options;
    const scaled = info.machines.find(({ name }) => name === request.machine)?.patchSizes !== null;
    const sizeAt = (t: number) => request.patchSize ?? patchSizes[stepOf(t)]!;
    const machine = createMachine(request.machine, {
      images: training,
      ...training === images && { labels },
      schedule,
      posterior,
      ...scaled && { patchSize: sizeAt },
    });
    const final = await explainTrajectory(machine, {
      xT: start(request),
      times,
      top: explained ? 8 : 1,
      ...request.label !== null && training === images && { labels: request.label },
      abort,
      ...onProgress && { onProgress },
      onStep: async ({ t, x, explanation }) => {
        const i = stepOf(t);
        onStep({
          i,
          t,
          signal: schedule.signal(t),
          sigma: schedule.sigma(t),
          patchSize: explained && scaled ? sizeAt(t) : null,
          x: x.data,
          xHat0: explanation.xHat0.data,
          ...explained && { explanation },
        });
        // A turn for the page to draw.
        await new Promise((resolve) => setTimeout(resolve));
      },
    });
    return final.data;
  }

  return {
    info,
    status: { machines: "this thread", network: "this thread" },
    trainingImage: (index) => ({
      data: images.data.subarray(index * values, (index + 1) * values),
      label: labels[index]!,
    }),
    followMachine: (request, options) =>
      follow(request, { training: images, explained: true, options }),
    followNetwork: (request, options) =>
      follow({ ...request, machine: "bbELS", patchSize: null }, {
        training: others,
        explained: false,
        options,
      }),
    dispose: () => posterior.dispose(),
  };
}

/** A batch of one image, for asking the library what a page shows. */
export function batchOf(image: Float32Array, shape: readonly [number, number, number]) {
  return imageBatch(image, [1, ...shape]);
}
