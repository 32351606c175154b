import { assertEquals, assertThrows } from "@std/assert";
import type { CalibrationState } from "../../src/calibration/calibration.ts";
import {
  parseCalibrationState,
  writeCalibrationState,
} from "../../src/calibration/calibration_state_file.ts";
import { DataFormatError } from "../../src/core/errors.ts";
import { Random } from "../../src/core/random.ts";
import { writeSafetensors } from "../../src/formats/safetensors.ts";

const table = [[[0.5, null], [1e-7, 0.25]]];
const state: CalibrationState = {
  network: "resnet",
  machine: "bbELS",
  imageShape: [2, 2, 1],
  noiseSchedule: { name: "cosine_legacy", parameters: {} },
  ...{ seed: 3, sampler: "heun", grid: "cubic", search: "full", steps: 2 },
  candidates: [3, 5],
  labels: null,
  tables: { cosine: table, l2: table, mse: table },
  inProgress: { first: 0, step: 2, x: Array.from(new Random(1).normals(4)) },
};

Deno.test("calibration state: every number comes back, images under way too", () => {
  for (const each of [state, { ...state, inProgress: null }]) {
    const bytes = writeCalibrationState(each);
    assertEquals(parseCalibrationState(bytes, "a"), each);
    assertEquals(writeCalibrationState(parseCalibrationState(bytes, "a")), bytes);
  }
});

Deno.test("calibration state: a flipped bit and another file are a DataFormatError", () => {
  const bytes = writeCalibrationState(state);
  for (const at of [bytes.length - 1, bytes.length - 20, 200]) {
    const damaged = bytes.slice();
    damaged[at]! ^= 4;
    assertThrows(() => parseCalibrationState(damaged, "a.safetensors"), DataFormatError);
  }
  const other = writeSafetensors(new Map(), { checksum: true });
  assertThrows(() => parseCalibrationState(other, "b"), DataFormatError, "b: not the state");
});
