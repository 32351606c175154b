/** What the page and a thread that holds a share of the training images say to each other. */
import type {
  ExplanationState,
  PatchRule,
  PosteriorState,
} from "../../posterior/patch_posterior.ts";

/** A share: every `stride`-th training image from `first` on. */
export interface ShareOfImages {
  readonly kind: "images";
  /** Images of this share as bytes, see `imagesOfBytes`. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** `[n, H, W, C]`. */
  readonly shape: readonly [images: number, height: number, width: number, channels: number];
  /** Class of each, if they have one. */
  readonly labels: Int32Array<ArrayBuffer> | null;
  readonly first: number;
  readonly stride: number;
  /** Training images of all shares. */
  readonly total: number;
}

/** What is asked about one noisy image. */
export interface ShareQuery {
  /** Noisy image, `[H, W, C]`. */
  readonly x: Float32Array<ArrayBuffer>;
  readonly rule: PatchRule;
  /** Patch size; 1 for rules without. */
  readonly scale: number;
  readonly signal: number;
  readonly sigma: number;
  /** Only training images of this class; null: all. */
  readonly label: number | null;
}

/** What an explanation needs beside the query; see `ExplanationRequest`. */
export interface ShareExplanation {
  readonly logSum: Float64Array<ArrayBuffer>;
  readonly pixels: Uint32Array<ArrayBuffer>;
  readonly top: number;
}

/** To a share. */
export type ToShare =
  | ShareOfImages
  | { readonly kind: "sum"; readonly id: number; readonly query: ShareQuery }
  | {
    readonly kind: "explain";
    readonly id: number;
    readonly query: ShareQuery;
    readonly explanation: ShareExplanation;
  }
  | { readonly kind: "stop"; readonly id: number };

/** From a share. States count the training images of all shares. */
export type FromShare =
  | { readonly kind: "ready" }
  | { readonly kind: "sum"; readonly id: number; readonly state: PosteriorState }
  | { readonly kind: "explain"; readonly id: number; readonly state: ExplanationState }
  | { readonly kind: "stopped"; readonly id: number }
  | { readonly kind: "failed"; readonly id: number; readonly message: string };
