import { writeTorchStateDict } from "../../formats/torch_writer.ts";
import { toStateDict } from "./parameters.ts";
import { networkMetadata, type TrainedNetwork } from "./weights.ts";

/** The attribute of a state dict that carries what it does not tell, and readers of ours look for. */
export const descriptionAttribute = "els_network";

/**
 * Options of {@linkcode writeTorchWeights}.
 *
 * @category Networks
 */
export interface WriteTorchWeightsOptions {
  /** Store 16-bit floats. Default false. */
  readonly half?: boolean | undefined;
  /** Text before every name, such as "backbone.". Default none. */
  readonly prefix?: string | undefined;
}

/**
 * Writes a network as a PyTorch state dict, for `torch.load(path, weights_only=True)`. An attribute of the
 * dictionary, which PyTorch leaves alone, carries architecture and noise schedule:
 * {@linkcode readAnyWeights} reads every kind of network again.
 *
 * @example
 * ```ts
 * import {
 *   createNetwork,
 *   initialParameters,
 *   Random,
 *   readAnyWeights,
 *   writeTorchWeights,
 * } from "@els/toolkit/networks";
 * import { createSchedule } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const network = createNetwork({
 *   kind: "resnet",
 *   imageShape: [8, 8, 1],
 *   padding: "zeros",
 *   classes: 0,
 *   width: 8,
 *   layers: 1,
 *   kernelSize: 3,
 * });
 * const parameters = initialParameters(network.parameters, new Random(1));
 * const schedule = createSchedule("cosine_legacy");
 * const bytes = writeTorchWeights({ network, parameters, schedule, training: {} });
 * assertEquals((await readAnyWeights(bytes, "mine.pt")).parameters, parameters);
 * ```
 *
 * @category Networks
 */
export function writeTorchWeights(
  trained: TrainedNetwork,
  options: WriteTorchWeightsOptions = {},
): Uint8Array<ArrayBuffer> {
  const { half = false, prefix = "" } = options;
  const arrays = toStateDict(trained.network.parameters, trained.parameters);
  const tensors = [...arrays].map(([name, array]) =>
    [prefix + name, { dtype: half ? "F16" as const : "F32" as const, ...array }] as const
  );
  return writeTorchStateDict(new Map(tensors), {
    attributes: { [descriptionAttribute]: JSON.stringify(networkMetadata(trained)) },
  });
}
