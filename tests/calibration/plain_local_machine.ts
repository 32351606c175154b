import { type ImageBatch, imageBatch, imageShapeOf } from "../../src/core/image_batch.ts";
import type { MultiScaleDenoiser } from "../../src/denoisers/denoiser.ts";
import { labelPerSample } from "../../src/denoisers/labels.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";

/**
 * The local score machine of theory.md's table written out plainly in double precision, one channel:
 * independent of src/posterior. `labels` are the images' classes.
 */
export function plainLocalMachine(
  images: ImageBatch,
  { labels: classes }: { readonly labels: ArrayLike<number> },
): MultiScaleDenoiser {
  const [count, height, width] = images.shape;
  const area = height * width;
  const schedule = createSchedule("cosine_legacy");

  /** Sums over windows of k along one axis, cut at the borders. */
  const boxSums = (values: Float64Array, k: number, stride: number, length: number) =>
    values.map((_, p) => {
      const at = Math.floor(p / stride) % length;
      const [from, to] = [Math.max(0, at - (k - 1) / 2), Math.min(length - 1, at + (k - 1) / 2)];
      let sum = 0;
      for (let j = from; j <= to; j++) sum += values[p + (j - at) * stride]!;
      return sum;
    });

  const posteriorMean = (x: Float32Array, t: number, k: number, label?: number) => {
    const [signal, sigma] = [schedule.signal(t), schedule.sigma(t)];
    const planes: { y: Float32Array; distance: Float64Array }[] = [];
    for (let n = 0; n < count; n++) {
      if (label !== undefined && classes[n] !== label) continue;
      const y = images.data.subarray(n * area, (n + 1) * area);
      const squares = Float64Array.from(x, (value, p) => (value - signal * y[p]!) ** 2);
      planes.push({ y, distance: boxSums(boxSums(squares, k, 1, width), k, width, height) });
    }
    return x.map((_, p) => {
      const least = Math.min(...planes.map(({ distance }) => distance[p]!));
      let [sum, weights] = [0, 0];
      for (const { y, distance } of planes) {
        const weight = Math.exp((least - distance[p]!) / (2 * sigma * sigma));
        sum += weight * y[p]!;
        weights += weight;
      }
      return sum / weights;
    });
  };

  const predict = (x: ImageBatch, t: number, k: number, labels: number[] | null) => {
    const data = new Float32Array(x.data.length);
    for (let i = 0; i < x.shape[0]; i++) {
      const query = x.data.subarray(i * area, (i + 1) * area);
      data.set(posteriorMean(query, t, k, labels?.[i]), i * area);
    }
    return imageBatch(data, x.shape);
  };
  return {
    name: "LS",
    prediction: "x0",
    imageShape: imageShapeOf(images),
    schedule,
    predict: (x, t, options) =>
      Promise.resolve(predict(x, t, 3, labelPerSample(options?.labels, x.shape[0]))),
    predictScales: (x, t, { scales, labels, onProgress }) => {
      const perSample = labelPerSample(labels, x.shape[0]);
      onProgress?.(0.5);
      return Promise.resolve(scales.map((k) => predict(x, t, k, perSample)));
    },
  };
}
