/** Goldens of networks that the field has, which lie beside the repository and are never committed. */
import type { ImageBatch } from "../../src/core/image_batch.ts";
import { type FloatTensor, parseSafetensors } from "../../src/formats/safetensors.ts";
import type { NetworkFolder } from "../../src/networks/foreign/foreign_network.ts";

const root = new URL("../../../shared/golden/pretrained/", import.meta.url);

/** Whether the goldens are here, and what to append to the name of a test that is left out. */
export const goldensAreHere = await Deno.stat(root).then(() => true, () => false);
export const note = goldensAreHere ? "" : " (left out: ../shared/golden/pretrained is not here)";

/** Planar `[B, C, H, W]` as a batch of images. */
export function imagesOf({ data, shape }: FloatTensor): ImageBatch {
  const [b, c, h, w] = shape as [number, number, number, number];
  const out = new Float32Array(data.length);
  for (let i = 0; i < b; i++) {
    for (let j = 0; j < c; j++) {
      for (let p = 0; p < h * w; p++) {
        out[(i * h * w + p) * c + j] = data[(i * c + j) * h * w + p]!;
      }
    }
  }
  return { data: out, shape: [b, h, w, c] };
}

/** A file of goldens: images, numbers, and labels where there are any. */
export async function readGolden(path: string) {
  const { tensors } = parseSafetensors(await Deno.readFile(new URL(path, root)), path);
  const numbers = (name: string) =>
    Array.from(tensors.get(name)!.data as ArrayLike<number>, Number);
  return {
    image: (name: string) => imagesOf(tensors.get(name) as FloatTensor),
    numbers,
    labels: tensors.has("label") ? numbers("label") : undefined,
  };
}

/** A folder of the goldens, with some files in place of those on disk (undefined: without them). */
export function goldenFolder(
  path: string,
  changes: Readonly<Record<string, Uint8Array<ArrayBuffer> | undefined>> = {},
): NetworkFolder {
  const at = (name: string) => new URL(`${path}/${name}`, root);
  return {
    path,
    has: (name) =>
      name in changes
        ? Promise.resolve(changes[name] !== undefined)
        : Deno.stat(at(name)).then(({ isFile }) => isFile, () => false),
    read: (name) => name in changes ? Promise.resolve(changes[name]!) : Deno.readFile(at(name)),
  };
}

/** Largest difference between values. */
export function worstDifference(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    worst = Math.max(worst, Math.abs(found[i]! - expected[i]!));
  }
  return worst;
}
