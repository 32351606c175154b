/**
 * What the two halves of the explorable page say to each other: an engine without DOM, which knows images,
 * machines and network, and a view, which shows and asks.
 *
 * Shapes: P = H * W pixels, C channels, M candidates kept of each pixel, N training images.
 */
import type { ImageShape } from "../core/image_batch.ts";
import type { Explanation } from "../machines/explanation.ts";
import type { MachineName } from "../machines/machine_table.ts";

/** Where a reverse process starts from. */
export type StartingNoise =
  /** A sample whose steps came with the page. */
  | { readonly kind: "stored"; readonly index: number }
  /** The noise of a seed of the reader's own. */
  | { readonly kind: "seed"; readonly seed: number };

/** One stroke of the reader's on the noise: values that pixels get instead, in units of sigma(T). */
export interface NoiseStroke {
  /** Pixel, row * W + column. */
  readonly pixel: number;
  /** Value that all its channels get. */
  readonly value: number;
}

/** What decides a reverse process. */
export interface ExplorerRequest {
  readonly noise: StartingNoise;
  readonly strokes: readonly NoiseStroke[];
  /** Class that is asked for; null: none. */
  readonly label: number | null;
  readonly machine: MachineName;
  /** Patch size of all steps instead of the calibrated ones; null: as calibrated. */
  readonly patchSize: number | null;
}

/** One reverse step of a machine or of the network. */
export interface ExplorerStep {
  /** Place among the steps: 0 starts from noise. */
  readonly i: number;
  readonly t: number;
  readonly signal: number;
  readonly sigma: number;
  /** Patch size k; null for the network and for machines without one. */
  readonly patchSize: number | null;
  /** Noisy image before the step, `[H, W, C]`. */
  readonly x: Float32Array;
  /** The denoised image, `[H, W, C]`, in [-1, 1] or a little beyond. */
  readonly xHat0: Float32Array;
  /** Of all pixels, in their order, of one query; absent for the network, and until it is known. */
  readonly explanation?: Explanation;
}

/** A machine that the page can run. */
export interface ExplorerMachine {
  readonly name: MachineName;
  readonly description: string;
  /** Calibrated patch size of each step; null for machines without one. */
  readonly patchSizes: readonly number[] | null;
  /** Patch sizes that can be asked for instead; none for machines without one. */
  readonly candidates: readonly number[];
}

/** What a page is about. */
export interface ExplorerInfo {
  /** Heading, such as "MNIST, ResNet with zero padding". */
  readonly title: string;
  readonly network: { readonly name: string; readonly receptiveField: number };
  readonly dataset: {
    readonly name: string;
    /** Training images in the page. */
    readonly images: number;
    /** Training images that the network saw. */
    readonly ofImages: number;
    /** Names of classes, by label; null where there are no labels. */
    readonly classes: readonly string[] | null;
    /** License, and where the data come from. */
    readonly credit: string;
  };
  readonly imageShape: ImageShape;
  /** Whether network and machines can be asked for a class. */
  readonly conditional: boolean;
  /** Name of the noise schedule. */
  readonly schedule: string;
  /** Times of the steps, falling; the last step leads to t = 0. */
  readonly times: readonly number[];
  readonly machines: readonly ExplorerMachine[];
  /** Stored samples. */
  readonly samples: readonly {
    readonly seed: number;
    readonly sample: number;
    readonly label: number | null;
  }[];
  /** What of a stored sample came with the page: (machine, patch size) pairs. */
  readonly stored: readonly { readonly machine: MachineName; readonly patchSize: number | null }[];
  /** Of the toolkit that made the page. */
  readonly version: string;
  /** Seeds, checksums, settings: what `createProvenance` gives. */
  readonly provenance: Readonly<Record<string, unknown>>;
}

/** What computes, for the page's foot: "WebGPU", "4 threads", "stored only: ...". */
export interface EngineStatus {
  readonly machines: string;
  readonly network: string;
}

/** Options of a question to the engine. */
export interface FollowOptions {
  /** Stops the work; the promise rejects with the signal's reason. */
  readonly abort: AbortSignal;
  /** Step that the reader looks at: what is missing of it comes first. */
  readonly focus: number;
  /** Called for each step as it becomes known, and once more when its explanation does. */
  readonly onStep: (step: ExplorerStep) => void;
  /** Called with the part of the work that is done, from 0 to 1. */
  readonly onProgress?: (fraction: number) => void;
}

/** The engine. What came with the page answers at once; the rest is computed. */
export interface ExplorerEngine {
  readonly info: ExplorerInfo;
  /** How it computes; known after the first computation, before it what is expected. */
  readonly status: EngineStatus;
  /** A training image `[H, W, C]` in [-1, 1], and its class. */
  trainingImage(index: number): { readonly data: Float32Array; readonly label: number | null };
  /** A reverse process of a machine, to its end; resolves to the final image. */
  followMachine(request: ExplorerRequest, options: FollowOptions): Promise<Float32Array>;
  /** A reverse process of the network from the same noise; resolves to the final image. */
  followNetwork(
    request: Pick<ExplorerRequest, "noise" | "strokes" | "label">,
    options: FollowOptions,
  ): Promise<Float32Array>;
  /** Ends its threads. */
  dispose(): Promise<void>;
}

/** How the denoised image is shown. */
export type MosaicView =
  /** As it is. */
  | "image"
  /** Each pixel in the color of its top training image, as opaque as its weight. */
  | "source"
  /** Each pixel as the value that its top candidate has there. */
  | "copied"
  /** Each pixel by where its top candidate lies: shift as hue. */
  | "shift"
  /** Weight of the top candidate. */
  | "weight"
  /** Entropy of the candidates. */
  | "entropy";

/** All that the reader chose; the URL's hash says it. */
export interface ExplorerState extends ExplorerRequest {
  /** Which step is shown. */
  readonly step: number;
  /** Pinned pixels, row * W + column, each with a color by its place; at most four. */
  readonly pins: readonly number[];
  /** Which of the pins the panels are about. */
  readonly pin: number;
  readonly view: MosaicView;
  /** Step of the tour; null: none. */
  readonly tour: number | null;
}

/** A step of the guided tour. */
export interface TourStep {
  readonly title: string;
  /** One or two short paragraphs of plain words. */
  readonly text: readonly string[];
  /** What is shown: laid over the state that a page opens with. */
  readonly state: Partial<ExplorerState>;
  /** Parts of the page to mark, by the value of their `data-part`. */
  readonly parts: readonly ExplorerPart[];
  /** What the reader is asked to try, if anything. */
  readonly try?: string;
}

/** Parts of the page, as `data-part` names them. */
export type ExplorerPart =
  | "noise"
  | "machine-image"
  | "network-image"
  | "final-images"
  | "time"
  | "patch-size"
  | "machine"
  | "patches"
  | "training-image"
  | "strip"
  | "mosaic"
  | "formula";
