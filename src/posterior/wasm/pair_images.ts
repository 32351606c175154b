import type { ImageBatch } from "../../core/image_batch.ts";
import type { TrainingSet } from "../training_set.ts";

/**
 * Puts images beside each other whose foregrounds fill about the same box. The kernel takes images in
 * pairs and leaves out what is background in both: with boxes alike it leaves out almost as much as it
 * would of each alone.
 *
 * @param images Training images `[N, H, W, C]`, which keep their boxes.
 * @param indices Which of them.
 * @returns The same indices, pairs one after another, each where its first member was.
 */
export function pairImages(images: TrainingSet, indices: Uint32Array): Uint32Array {
  const boxes = images.once(boxesOf);
  const [, height, width] = images.shape;
  const box = (position: number, side: number) => boxes[indices[position]! * 4 + side]!;
  const size = (position: number, side: 0 | 2) => box(position, side + 1) - box(position, side);
  const isBoxed = (position: number) => size(position, 0) * size(position, 2) < height * width;
  const positions = [...indices.keys()];
  const boxed = positions.filter(isBoxed);
  if (boxed.length === 0) return indices;
  boxed.sort((a, b) =>
    size(a, 2) - size(b, 2) || size(a, 0) - size(b, 0) || box(a, 2) - box(b, 2) ||
    box(a, 0) - box(b, 0) || a - b
  );
  const alike = [...boxed, ...positions.filter((position) => !isBoxed(position))];
  const pairs: number[][] = [];
  for (let i = 0; i < alike.length; i += 2) {
    pairs.push(alike.slice(i, i + 2).sort((a, b) => a - b));
  }
  // An image without partner stays last, where it takes none from a pair.
  const single = (pair: number[]) => Number(pair.length === 1);
  pairs.sort((a, b) => single(a) - single(b) || a[0]! - b[0]!);
  return Uint32Array.from(pairs.flat(), (position) => indices[position]!);
}

/** Of each image: top, bottom, left and right of the pixels that differ from its first. */
function boxesOf({ data: images, shape }: ImageBatch): Uint16Array {
  const [, height, width, channels] = shape;
  const row = width * channels, values = height * row;
  const boxes = new Uint16Array(images.length / values * 4);
  const differs = (image: number, y: number, x: number) => {
    for (let c = 0; c < channels; c++) {
      if (images[image + y * row + x * channels + c] !== images[image + c]) return true;
    }
    return false;
  };
  for (let i = 0, image = 0; image < images.length; i += 4, image += values) {
    let top = 0, bottom = height, left = 0, right = width;
    const rowDiffers = (y: number) => {
      for (let x = 0; x < width; x++) if (differs(image, y, x)) return true;
      return false;
    };
    const columnDiffers = (x: number) => {
      for (let y = top; y < bottom; y++) if (differs(image, y, x)) return true;
      return false;
    };
    while (top < bottom && !rowDiffers(top)) top++;
    while (top < bottom && !rowDiffers(bottom - 1)) bottom--;
    while (left < right && !columnDiffers(left)) left++;
    while (left < right && !columnDiffers(right - 1)) right--;
    boxes.set([top, bottom, left, right], i);
  }
  return boxes;
}
