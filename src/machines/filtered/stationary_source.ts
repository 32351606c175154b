/** The stationary Gaussian with the images' spectrum; its posterior mean is one convolution. */
import { eventLoopTurns } from "../../core/event_loop.ts";
import type { ImageShape } from "../../core/image_batch.ts";
import type { FilterLevel, FittedPosterior, FittedSource, SourceImages } from "../filters.ts";
import { planeTransform, type Spectrum } from "./fourier.ts";
import { meanImage, sourceCount, sourceOffset } from "./source_statistics.ts";

/** What is kept of the images. */
interface Spectra {
  readonly shape: ImageShape;
  /** Mean of each channel. */
  readonly means: readonly number[];
  /** `E[F F^H] / (H W)` at each frequency, `[C, C]` of spectra. */
  readonly power: readonly (readonly Spectrum[])[];
}

const emptySpectrum = (length: number): Spectrum => ({
  re: new Float64Array(length),
  im: new Float64Array(length),
});

class StationaryPosterior implements FittedPosterior {
  readonly #parts: Spectra;

  constructor(parts: Spectra) {
    this.#parts = parts;
  }

  /** `m + a S (a^2 S + s^2 I)^-1 (x - a m)` at each frequency. */
  mean(x: Float64Array, { signal, sigma }: FilterLevel): Float64Array {
    const { shape: [height, width, channels], means, power } = this.#parts;
    const transform = planeTransform(height, width);
    const cells = height * transform.columns, pixels = height * width;
    const plane = new Float64Array(pixels);
    const spectra = means.map((mean, c) => {
      for (let p = 0; p < pixels; p++) plane[p] = x[p * channels + c]! - signal * mean;
      const spectrum = emptySpectrum(cells);
      transform.forward(plane, spectrum);
      return spectrum;
    });
    for (let f = 0; f < cells; f++) {
      const solved = solveHermitian(
        power.map((row) => row.map(({ re, im }) => [signal ** 2 * re[f]!, signal ** 2 * im[f]!])),
        { add: sigma ** 2, right: spectra.map(({ re, im }) => [re[f]!, im[f]!]) },
      );
      spectra.forEach((spectrum, c) => {
        let re = 0, im = 0;
        power[c]!.forEach((entry, d) => {
          const [a, b] = [entry.re[f]!, entry.im[f]!], [u, v] = solved[d]!;
          re += a * u - b * v;
          im += a * v + b * u;
        });
        spectrum.re[f] = signal * re;
        spectrum.im[f] = signal * im;
      });
    }
    const out = new Float64Array(x.length);
    spectra.forEach((spectrum, c) => {
      transform.inverse(spectrum, plane);
      for (let p = 0; p < pixels; p++) out[p * channels + c] = plane[p]! + means[c]!;
    });
    return out;
  }
}

type Complex = readonly [re: number, im: number];

const times = ([a, b]: Complex, [c, d]: Complex): Complex => [a * c - b * d, a * d + b * c];
const minus = ([a, b]: Complex, [c, d]: Complex): Complex => [a - c, b - d];
const over = (a: Complex, [c, d]: Complex): Complex => {
  const norm = c * c + d * d;
  return times(a, [c / norm, -d / norm]);
};

/** `(A + add I)^-1 right` of a positive definite matrix of a few rows, by elimination. */
function solveHermitian(
  matrix: readonly (readonly Complex[])[],
  { add, right }: { readonly add: number; readonly right: readonly Complex[] },
): Complex[] {
  const size = right.length;
  const rows = matrix.map((row, i) => [
    ...row.map(([re, im], j): Complex => i === j ? [re + add, im] : [re, im]),
    right[i]!,
  ]);
  for (let i = 0; i < size; i++) {
    for (let j = i + 1; j < size; j++) {
      const ratio = over(rows[j]![i]!, rows[i]![i]!);
      for (let k = i; k <= size; k++) {
        rows[j]![k] = minus(rows[j]![k]!, times(ratio, rows[i]![k]!));
      }
    }
  }
  const out = new Array<Complex>(size);
  for (let i = size - 1; i >= 0; i--) {
    let sum = rows[i]![size]!;
    for (let j = i + 1; j < size; j++) sum = minus(sum, times(rows[i]![j]!, out[j]!));
    out[i] = over(sum, rows[i]![i]!);
  }
  return out;
}

async function spectraOf(source: SourceImages, abort: AbortSignal | undefined): Promise<Spectra> {
  const { images: { data, shape: [, height, width, channels] } } = source;
  const pixels = height * width, count = sourceCount(source);
  const image = meanImage(source);
  const means = Array.from({ length: channels }, (_, c) => {
    let sum = 0;
    for (let p = 0; p < pixels; p++) sum += image[p * channels + c]!;
    return sum / pixels;
  });
  const transform = planeTransform(height, width);
  const cells = height * transform.columns;
  const plane = new Float64Array(pixels);
  const spectra = means.map(() => emptySpectrum(cells));
  const power = means.map(() => means.map(() => emptySpectrum(cells)));
  const turn = eventLoopTurns();
  const scale = 1 / (count * pixels);
  for (let i = 0; i < count; i++) {
    const at = sourceOffset(source, i);
    means.forEach((mean, c) => {
      for (let p = 0; p < pixels; p++) plane[p] = data[at + p * channels + c]! - mean;
      transform.forward(plane, spectra[c]!);
    });
    for (let c = 0; c < channels; c++) {
      for (let d = 0; d < channels; d++) {
        const { re, im } = power[c]![d]!, a = spectra[c]!, b = spectra[d]!;
        for (let f = 0; f < cells; f++) {
          const ar = a.re[f]!, ai = a.im[f]!, br = b.re[f]!, bi = b.im[f]!;
          re[f] = re[f]! + scale * (ar * br + ai * bi);
          im[f] = im[f]! + scale * (ai * br - ar * bi);
        }
      }
    }
    await turn();
    abort?.throwIfAborted();
  }
  return { shape: [height, width, channels], means, power };
}

/**
 * The stationary Gaussian of the training images: one mean per channel, one C x C spectrum per frequency,
 * borders wrap around. `xHat0 = m + a S (a^2 S + s^2 I)^-1 (x - a m)` at each frequency.
 */
export const stationarySource: FittedSource = {
  name: "the stationary Gaussian with the images' spectrum",
  fit: async (source, { abort }) => new StationaryPosterior(await spectraOf(source, abort)),
};
