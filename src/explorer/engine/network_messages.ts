/** What the page and the thread of the network say to each other. */
import type { Prediction } from "../../denoisers/denoiser.ts";

/** To the thread. */
export type ToNetwork =
  | {
    readonly kind: "start";
    /** File of the weights. */
    readonly weights: Uint8Array<ArrayBuffer>;
    /** TensorFlow.js's WebAssembly with SIMD. */
    readonly wasm: Uint8Array<ArrayBuffer>;
  }
  | {
    readonly kind: "predict";
    readonly id: number;
    /** Noisy image `[H, W, C]`. */
    readonly x: Float32Array<ArrayBuffer>;
    readonly t: number;
    readonly label: number | null;
  };

/** From the thread. */
export type FromNetwork =
  | { readonly kind: "ready"; readonly prediction: Prediction; readonly clip: number | null }
  | { readonly kind: "predicted"; readonly id: number; readonly values: Float32Array<ArrayBuffer> }
  /** Without an id: it cannot start. */
  | { readonly kind: "failed"; readonly id?: number; readonly message: string };
