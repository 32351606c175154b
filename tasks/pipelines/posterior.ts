import type { PatchPosterior } from "../../src/posterior/patch_posterior.ts";
import { referencePosterior } from "../../src/posterior/reference/reference_posterior.ts";
import { wasmPosterior } from "../../src/posterior/wasm/wasm_posterior.ts";
import { webgpuPosterior } from "../../src/posterior/webgpu/webgpu_posterior.ts";
import type { BackendInfo } from "../../src/networks/backend.ts";

/** What a user may ask for. */
export type PosteriorChoice = "auto" | "webgpu" | "wasm" | "reference";

/**
 * Which backend the machines take: `auto` follows the network's choice of a device, but software GPUs
 * are taken only by name.
 */
export function posteriorName(
  choice: PosteriorChoice,
  { name, software }: BackendInfo,
): Exclude<PosteriorChoice, "auto"> {
  if (choice !== "auto") return choice;
  return name === "webgpu" && !software ? "webgpu" : "wasm";
}

const descriptions = new WeakMap<PatchPosterior, string>();

/** Has a backend called as the one by which its results were made elsewhere. */
export function describeAs(posterior: PatchPosterior, description: string): void {
  descriptions.set(posterior, description);
}

/** Name of a backend for provenance, with the GPU's adapter where there is one. */
export function describePosterior(posterior: PatchPosterior): string {
  return descriptions.get(posterior) ?? posterior.name;
}

/**
 * Starts the backend of the machines that the flags ask for. On a GPU it shares the network's device
 * where that is one.
 *
 * @throws DeviceUnavailableError if a GPU was asked for and there is none.
 */
export async function createPosterior(
  { posterior: choice, workers }: {
    readonly posterior: PosteriorChoice;
    readonly workers?: number | undefined;
  },
  backend: BackendInfo,
): Promise<PatchPosterior> {
  switch (posteriorName(choice, backend)) {
    case "reference":
      return referencePosterior();
    case "webgpu": {
      const { device, adapter } = backend;
      const posterior = webgpuPosterior({ ...device && { device } });
      descriptions.set(posterior, `webgpu (${adapter ?? await posterior.start()})`);
      return posterior;
    }
    case "wasm":
      return wasmPosterior(workers === undefined ? {} : { workers });
  }
}

/** Which devices compute what, and why: a line for the user. */
export function devicesLine(
  { name, adapter, reason }: BackendInfo,
  posterior: PatchPosterior,
): string {
  const network = name + (adapter ? ` (${adapter})` : "");
  return `Network on ${network}: ${reason}; machine on ${describePosterior(posterior)}`;
}
