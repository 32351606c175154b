/** The network of a row so far: its weights, and how far the training came. */
import { join } from "@std/path";
import { readWeights, writeWeights } from "../../../src/networks/weights/weights.ts";
import { sha256Hex } from "../../../src/core/sha256.ts";
import { listRuns } from "../../../src/runs/run_record.ts";

/** Weights that carry further than this are too large to take along. */
const PORTABLE_BYTES = 12_000_000;

/** A network that a training has saved. */
export interface TrainedRow {
  readonly path: string;
  /** SHA-256 (hex) of the weights. */
  readonly sha256: string;
  readonly step: number;
  /** The weights in half precision; undefined if they are too large to take along. */
  readonly half: Uint8Array | undefined;
}

/**
 * The weights of the newest training in a folder of runs, whether it is finished or not.
 *
 * @returns Undefined if none has saved any.
 */
export async function trainedRow(runs: string): Promise<TrainedRow | undefined> {
  const trainings = (await listRuns(runs)).runs.filter(({ command }) => command === "train");
  for (const { path: folder } of trainings.reverse()) {
    const path = join(folder, "weights.safetensors");
    const bytes = await Deno.readFile(path).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    });
    if (bytes === undefined) continue;
    const trained = readWeights(bytes, path);
    const half = writeWeights(trained, { half: true });
    return {
      path,
      sha256: await sha256Hex(bytes),
      step: Number(trained.training["step"]),
      half: half.length <= PORTABLE_BYTES ? half : undefined,
    };
  }
  return undefined;
}
