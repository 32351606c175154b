import type { PatchPosterior } from "../../src/kernels/patch_posterior.ts";
import { referencePosterior } from "../../src/kernels/reference/reference_posterior.ts";
import { wasmPosterior } from "../../src/kernels/wasm/wasm_posterior.ts";

/** Starts the backend of the machines that the flags ask for. */
export function createPosterior(
  { posterior, workers }: {
    readonly posterior: "wasm" | "reference";
    readonly workers?: number | undefined;
  },
): PatchPosterior {
  if (posterior === "reference") return referencePosterior();
  return wasmPosterior(workers === undefined ? {} : { workers });
}
