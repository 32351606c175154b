/** What a page knows: settings, training images, stored processes, the network's weights. */
import { DataFormatError } from "../../core/errors.ts";
import { type ImageBatch, imageBatch, sliceBatch } from "../../core/image_batch.ts";
import { parseJson } from "../../formats/parse_json.ts";
import type { StoredTensor } from "../../formats/stored_tensor.ts";
import { createSchedule } from "../../schedules/create_schedule.ts";
import type { NoiseParameters, NoiseSchedule } from "../../schedules/noise_schedule.ts";
import type { ExplorerInfo } from "../contract.ts";
import {
  arrayOf,
  type Block,
  type Blocks,
  deflated,
  inflated,
  packBlock,
  unpackBlock,
} from "./blocks.ts";
import { bytesOfImages, rowDifferences, rowSums } from "./image_bytes.ts";
import { type PackedProcess, processKey, type ProcessName } from "./stored_process.ts";

/** What a page's data are made of. */
export interface PageMaterial {
  readonly info: ExplorerInfo;
  /** The forward process of machines and network. */
  readonly schedule: NoiseSchedule;
  /** How far the network's clean images are believed. */
  readonly clip?: number | undefined;
  /** Training images in bytes' values; see `imagesOfBytes`. */
  readonly images: ImageBatch;
  readonly labels: ArrayLike<number> | undefined;
  /** Noise of the stored samples, `[S, H, W, C]`. */
  readonly noise: ImageBatch;
  readonly processes: readonly PackedProcess[];
  /** File of the network's weights; undefined: the page does not run it. */
  readonly weights: Uint8Array | undefined;
}

interface Settings {
  readonly info: ExplorerInfo;
  readonly schedule: { readonly name: string; readonly parameters: NoiseParameters };
  readonly clip?: number;
  readonly processes: readonly (ProcessName & { readonly explained: boolean })[];
}

/** Packs a page's data, what is shown first before the rest. */
export function packPageData(material: PageMaterial): Map<string, Uint8Array<ArrayBuffer>> {
  const { info, schedule: { name, parameters }, clip, images, noise, processes } = material;
  const settings: Settings = {
    info,
    schedule: { name, parameters },
    ...clip !== undefined && { clip },
    processes: processes.map(({ sample, machine, patchSize, why }) => ({
      ...{ sample, machine, patchSize, explained: why !== undefined },
    })),
  };
  const blocks = new Map([[
    "start",
    packBlock({
      tensors: new Map([["noise", { dtype: "F32", shape: noise.shape, data: noise.data }]]),
      texts: { settings: JSON.stringify(settings) },
    }),
  ]]);
  for (const each of processes) blocks.set(`process-${processKey(each)}`, each.process);
  blocks.set("images", packImages(images, material.labels));
  for (const each of processes) {
    if (each.why !== undefined) blocks.set(`why-${processKey(each)}`, each.why);
  }
  if (material.weights !== undefined) blocks.set("weights", deflated(material.weights));
  return blocks;
}

/** Images and labels, in the coding that deflates to less. */
export function packImages(
  images: ImageBatch,
  labels: ArrayLike<number> | undefined,
): Uint8Array<ArrayBuffer> {
  const bytes = bytesOfImages(images);
  const packed = (["plain", "differences"] as const).map((coding) => {
    const data = coding === "plain" ? bytes : rowDifferences(bytes, images.shape);
    const tensors = new Map<string, StoredTensor>([
      ["images", { dtype: "U8", shape: images.shape, data }],
    ]);
    if (labels !== undefined) {
      tensors.set("labels", {
        dtype: "I32",
        shape: [labels.length],
        data: Int32Array.from(labels),
      });
    }
    return packBlock({ tensors, texts: { coding } });
  });
  return packed.reduce((least, each) => each.length < least.length ? each : least);
}

/** A page's data, whose blocks are unpacked when they are asked for. */
export class PageData {
  readonly info: ExplorerInfo;
  readonly schedule: NoiseSchedule;
  readonly clip: number | undefined;
  /** Times of the steps and where the last one leads. */
  readonly times: readonly number[];
  readonly hasNetwork: boolean;
  readonly #processes: Settings["processes"];
  readonly #noise: ImageBatch;
  readonly #packed: (name: string) => Uint8Array<ArrayBuffer> | undefined;
  readonly #blocks = new Map<string, Promise<Block>>();

  private constructor(
    start: Block,
    packed: (name: string) => Uint8Array<ArrayBuffer> | undefined,
  ) {
    const settings = parseJson(start.texts.settings ?? "", {
      source: "the page's data",
    }) as Settings;
    this.info = settings.info;
    this.schedule = createSchedule(settings.schedule.name, settings.schedule.parameters);
    this.clip = settings.clip;
    this.times = [...settings.info.times, 0];
    this.#processes = settings.processes;
    const { imageShape, samples } = settings.info;
    this.#noise = imageBatch(arrayOf(start, "noise", "F32"), [samples.length, ...imageShape]);
    this.#packed = packed;
    this.hasNetwork = packed("weights") !== undefined;
  }

  /**
   * Opens a page's data.
   *
   * @param packed Gives the deflated bytes of a block; undefined if there is no such block.
   * @throws DataFormatError if they are damaged.
   */
  static async open(
    packed: (name: string) => Uint8Array<ArrayBuffer> | undefined,
  ): Promise<PageData> {
    const start = packed("start");
    if (start === undefined) throw new DataFormatError("the page's data", "there are none");
    return new PageData(await unpackBlock(start, "start"), packed);
  }

  /** Opens the blocks of a file. */
  static ofBlocks(blocks: Blocks): Promise<PageData> {
    return PageData.open((name) => blocks.get(name));
  }

  /** A stored process of this name; undefined where it did not come with the page. */
  process(name: ProcessName): Settings["processes"][number] | undefined {
    return this.#processes.find((each) => processKey(each) === processKey(name));
  }

  /** Block of a stored process's predictions. */
  processBlock(name: ProcessName): Promise<Block> {
    return this.#block(`process-${processKey(name)}`);
  }

  /** Block of a stored process's explanations. */
  whyBlock(name: ProcessName): Promise<Block> {
    return this.#block(`why-${processKey(name)}`);
  }

  /** Noise of a stored sample, `[1, H, W, C]`. */
  noise(sample: number): ImageBatch {
    return sliceBatch(this.#noise, sample, sample + 1);
  }

  /** Training images as bytes, and their classes. */
  async images(): Promise<{
    readonly bytes: Uint8Array<ArrayBuffer>;
    readonly shape: ImageBatch["shape"];
    readonly labels: Int32Array | undefined;
  }> {
    const block = await this.#block("images");
    const data = arrayOf(block, "images", "U8") as Uint8Array<ArrayBuffer>;
    const { imageShape: [height, width, channels] } = this.info;
    const shape = [data.length / (height * width * channels), height, width, channels] as const;
    return {
      bytes: block.texts.coding === "differences" ? rowSums(data, shape) : data,
      shape,
      labels: block.tensors.has("labels") ? arrayOf(block, "labels", "I32") : undefined,
    };
  }

  /** File of the network's weights. */
  async weights(): Promise<Uint8Array<ArrayBuffer>> {
    return await inflated(this.#bytesOf("weights"));
  }

  #block(name: string): Promise<Block> {
    let block = this.#blocks.get(name);
    if (block === undefined) {
      block = unpackBlock(this.#bytesOf(name), name);
      this.#blocks.set(name, block);
    }
    return block;
  }

  #bytesOf(name: string): Uint8Array<ArrayBuffer> {
    const packed = this.#packed(name);
    if (packed !== undefined) return packed;
    throw new DataFormatError("the page's data", `the block ${name} is missing`);
  }
}
