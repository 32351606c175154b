/** The state of a calibration as a file: images as float32, everything else as text beside them. */
import { DataFormatError } from "../core/errors.ts";
import { parseSafetensors, type StoredTensor, writeSafetensors } from "../formats/safetensors.ts";
import type { CalibrationState } from "./calibration.ts";

const FORMAT = "els-calibration-state";

/** The state as a safetensors file; the same state gives the same bytes. */
export function writeCalibrationState(state: CalibrationState): Uint8Array<ArrayBuffer> {
  const { inProgress, ...rest } = state;
  const tensors = new Map<string, StoredTensor>();
  if (inProgress !== null) {
    const data = Float32Array.from(inProgress.x);
    tensors.set("x", { dtype: "F32", shape: [data.length], data });
  }
  const held = inProgress && { first: inProgress.first, step: inProgress.step };
  const text = JSON.stringify({ ...rest, inProgress: held });
  return writeSafetensors(tensors, { checksum: true, metadata: { format: FORMAT, state: text } });
}

/**
 * Reads what {@linkcode writeCalibrationState} wrote.
 *
 * @param source Path, or a name for the bytes, for error messages.
 * @throws DataFormatError if the bytes are damaged or something else.
 */
export function parseCalibrationState(bytes: Uint8Array, source: string): CalibrationState {
  // Its header holds the whole table of similarities, which grows with samples, steps and candidates.
  const { tensors, metadata } = parseSafetensors(bytes, source, {
    checksum: "required",
    maxText: bytes.length,
  });
  if (metadata.format !== FORMAT || metadata.state === undefined) {
    throw new DataFormatError(source, "not the state of a calibration");
  }
  const state = parseState(metadata.state, source);
  if (state.inProgress === null) return state;
  const x = Array.from(tensors.get("x")?.data ?? [], Number);
  return { ...state, inProgress: { ...state.inProgress, x } };
}

/** The checksum says that it is what was written; anything else was never a state. */
function parseState(text: string, source: string): CalibrationState {
  try {
    return JSON.parse(text) as CalibrationState;
  } catch (error) {
    throw new DataFormatError(source, "the state is not JSON", { cause: error });
  }
}
