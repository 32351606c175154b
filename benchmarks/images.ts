/** Images that benchmarks of the posterior compute with. @module */
import type { ImageBatch } from "../src/core/image_batch.ts";
import { Random } from "../src/core/random.ts";
import { loadDataset } from "../src/datasets/registry_files.ts";
import { cosineLegacy } from "../src/schedules/cosine_legacy.ts";

const schedule = cosineLegacy();

/** Images at time t of the forward process, always with the same noise. */
export function noisy(clean: ImageBatch, t: number): ImageBatch {
  const random = new Random(7);
  const data = clean.data.map((v) => schedule.signal(t) * v + schedule.sigma(t) * random.normal());
  return { data, shape: clean.shape };
}

/** Color images: CIFAR-10 records (label, then three planes of 32 x 32) or, without them, textures. */
export async function colorImages(path: string, count: number): Promise<[string, ImageBatch]> {
  const bytes = await Deno.readFile(path).catch(() => null);
  if (bytes === null) {
    return ["synthetic", (await loadDataset("synthetic", { images: count })).images];
  }
  const data = new Float32Array(count * 3072);
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < 3; c++) {
      for (let p = 0; p < 1024; p++) {
        data[(i * 1024 + p) * 3 + c] = bytes[i * 3073 + 1 + c * 1024 + p]! / 127.5 - 1;
      }
    }
  }
  return ["cifar10", { data, shape: [count, 32, 32, 3] }];
}
