import { CheckpointMismatchError } from "../core/errors.ts";
import { parseSafetensors, writeSafetensors } from "../formats/safetensors.ts";
import type { TrainingState } from "./optimization.ts";

const FORMAT = "els-training-state";
const parts = ["parameters", "average", "mean", "square"] as const;

/**
 * Writes a training state as safetensors.
 *
 * @example
 * ```ts
 * import { readTrainingState, writeTrainingState } from "@els/toolkit/training";
 * import { assertEquals } from "@std/assert";
 *
 * const two = () => Float32Array.of(1, 2);
 * const state = { step: 7, parameters: two(), average: two(), mean: two(), square: two() };
 * const bytes = writeTrainingState(state, "what it belongs to");
 * const options = { source: "state.safetensors", fingerprint: "what it belongs to" };
 * assertEquals(readTrainingState(bytes, options), state);
 * ```
 *
 * @param fingerprint Names the configuration that the state belongs to.
 * @category Training
 */
export function writeTrainingState(
  state: TrainingState,
  fingerprint: string,
): Uint8Array<ArrayBuffer> {
  const tensors = parts.map((name) =>
    [name, { dtype: "F32" as const, shape: [state[name].length], data: state[name] }] as const
  );
  return writeSafetensors(new Map(tensors), {
    checksum: true,
    metadata: { format: FORMAT, step: String(state.step), fingerprint },
  });
}

/**
 * Reads a training state.
 *
 * @example
 * ```ts
 * import {
 *   CheckpointMismatchError,
 *   readTrainingState,
 *   writeTrainingState,
 * } from "@els/toolkit/training";
 * import { assertThrows } from "@std/assert";
 *
 * const two = () => Float32Array.of(1, 2);
 * const state = { step: 7, parameters: two(), average: two(), mean: two(), square: two() };
 * const bytes = writeTrainingState(state, "this run");
 * const options = { source: "state.safetensors", fingerprint: "another run" };
 * assertThrows(() => readTrainingState(bytes, options), CheckpointMismatchError);
 * ```
 *
 * @param source Name of the file, for messages.
 * @throws DataFormatError if the bytes are no intact safetensors file.
 * @throws CheckpointMismatchError if they hold something else, or belong to another configuration.
 * @category Training
 */
export function readTrainingState(
  bytes: Uint8Array,
  options: { readonly source: string; readonly fingerprint: string },
): TrainingState {
  const { source, fingerprint } = options;
  const { tensors, metadata } = parseSafetensors(bytes, source, { checksum: "required" });
  if (metadata.format !== FORMAT) {
    throw new CheckpointMismatchError(
      `${source}: the metadata's format is ${
        JSON.stringify(metadata.format)
      }, expected "${FORMAT}"`,
    );
  }
  if (metadata.fingerprint !== fingerprint) {
    throw new CheckpointMismatchError(
      `${source}: the checkpoint belongs to another configuration`,
      { remedy: (say) => `begin a new run with ${say.option("fresh")}` },
    );
  }
  const step = Number(metadata.step);
  const length = tensors.get("parameters")?.data.length;
  if (!Number.isInteger(step) || step < 0) {
    throw new CheckpointMismatchError(`${source}: the step is ${JSON.stringify(metadata.step)}`);
  }
  const read = (name: string): Float32Array => {
    const tensor = tensors.get(name);
    if (tensor?.dtype !== "F32" || tensor.data.length !== length) {
      throw new CheckpointMismatchError(
        `${source}: the array "${name}" is missing or does not fit the others`,
      );
    }
    return tensor.data;
  };
  return {
    step,
    parameters: read("parameters"),
    average: read("average"),
    mean: read("mean"),
    square: read("square"),
  };
}
