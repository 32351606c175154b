import { type ImageBatch, imageBatch } from "../../src/array/image_batch.ts";
import { Random } from "../../src/array/random.ts";
import type { MultiScaleDenoiser } from "../../src/denoisers/denoiser.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";

const size = 8;
const schedule = createSchedule("cosine_legacy");

/** A local score machine written out plainly, on seven random 8 x 8 images; label l keeps images n with n % 2 = l. */
export function tinyLocalMachine(): MultiScaleDenoiser {
  const random = new Random(11, "images");
  const images = Array.from({ length: 7 }, () => {
    // Smooth images, so that scales differ in what they see.
    const [a, b, phase] = [random.normal(), random.normal(), random.normal()];
    return Array.from({ length: size * size }, (_, p) =>
      Math.tanh(
        2 * Math.sin(a * (p % size) + b * Math.floor(p / size) + phase) + 0.5 * random.normal(),
      ));
  });
  const clean = (x: Float32Array, t: number, k: number, label: number | undefined) => {
    const [signal, sigma, half] = [schedule.signal(t), schedule.sigma(t), (k - 1) / 2];
    const kept = images.filter((_, n) => label === undefined || n % 2 === label);
    return x.map((_, p) => {
      const [row, column] = [Math.floor(p / size), p % size];
      const logits = kept.map((y) => {
        let distance = 0;
        for (let r = Math.max(0, row - half); r <= Math.min(size - 1, row + half); r++) {
          for (let c = Math.max(0, column - half); c <= Math.min(size - 1, column + half); c++) {
            distance += (x[r * size + c]! - signal * y[r * size + c]!) ** 2;
          }
        }
        return -distance / (2 * sigma * sigma);
      });
      const top = Math.max(...logits);
      const weights = logits.map((logit) => Math.exp(logit - top));
      const total = weights.reduce((a, b) => a + b);
      return weights.reduce((sum, weight, n) => sum + weight * kept[n]![p]!, 0) / total;
    });
  };
  const at = (x: ImageBatch, t: number, k: number, labels?: number | ArrayLike<number>) => {
    const data = new Float32Array(x.data.length);
    for (let i = 0; i < x.shape[0]; i++) {
      const label = typeof labels === "number" ? labels : labels?.[i];
      const [from, to] = [i * size * size, (i + 1) * size * size];
      data.set(clean(x.data.subarray(from, to), t, k, label), from);
    }
    return imageBatch(data, x.shape);
  };
  return {
    name: "LS",
    prediction: "x0",
    imageShape: [size, size, 1],
    schedule,
    predict: (x, t, options) => Promise.resolve(at(x, t, 3, options?.labels)),
    predictScales: (x, t, { scales, labels, onProgress }) => {
      onProgress?.(0.5);
      return Promise.resolve(scales.map((k) => at(x, t, k, labels)));
    },
  };
}
