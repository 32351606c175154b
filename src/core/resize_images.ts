import { ArgumentError } from "./errors.ts";
import { checkImages, type ImageBatch } from "./image_batch.ts";

/** Where an output value lies between two input values along one axis. */
interface Between {
  readonly low: Int32Array;
  readonly high: Int32Array;
  /** Share of the higher one. */
  readonly share: Float64Array;
}

/**
 * Images resized by bilinear interpolation between the two nearest rows and columns, without antialiasing.
 *
 * @param images `[n, H, W, C]`, of any values.
 * @param options.height Wanted height.
 * @param options.width Wanted width.
 * @param options.centers What the grids have in common: `half-pixel`, the borders of the image; or `corner`,
 * the centers of their first pixels, output i lying at i * H / height, as TensorFlow 1 resized by default.
 * @returns `[n, height, width, C]`.
 * @throws RangeError if a size is not a positive integer.
 */
export function resizeImages(
  images: ImageBatch,
  { height, width, centers = "half-pixel" }: {
    readonly height: number;
    readonly width: number;
    readonly centers?: "half-pixel" | "corner";
  },
): ImageBatch {
  checkImages(images);
  const [n, h, w, c] = images.shape;
  if (![h, w, height, width].every((size) => Number.isInteger(size) && size >= 1)) {
    throw new ArgumentError(`Cannot resize images of ${h} x ${w} to ${height} x ${width}`);
  }
  if (h === height && w === width) return images;
  const rows = between(h, height, centers);
  const columns = between(w, width, centers);
  const data = new Float32Array(n * height * width * c);
  const { data: from } = images;
  let at = 0;
  for (let image = 0; image < n; image++) {
    for (let y = 0; y < height; y++) {
      const top = (image * h + rows.low[y]!) * w;
      const bottom = (image * h + rows.high[y]!) * w;
      const down = rows.share[y]!;
      for (let x = 0; x < width; x++) {
        const [left, right, along] = [columns.low[x]!, columns.high[x]!, columns.share[x]!];
        for (let channel = 0; channel < c; channel++) {
          const value = (line: number) => {
            const a = from[(line + left) * c + channel]!;
            return a + (from[(line + right) * c + channel]! - a) * along;
          };
          const upper = value(top);
          data[at++] = upper + (value(bottom) - upper) * down;
        }
      }
    }
  }
  return { data, shape: [n, height, width, c] };
}

function between(from: number, to: number, centers: "half-pixel" | "corner"): Between {
  const found = {
    low: new Int32Array(to),
    high: new Int32Array(to),
    share: new Float64Array(to),
  };
  for (let i = 0; i < to; i++) {
    const at = centers === "corner" ? i * from / to : Math.max(0, (i + 0.5) * from / to - 0.5);
    found.low[i] = Math.min(from - 1, Math.floor(at));
    found.high[i] = Math.min(from - 1, found.low[i]! + 1);
    found.share[i] = at - found.low[i]!;
  }
  return found;
}
