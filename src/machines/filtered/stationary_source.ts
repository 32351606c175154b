/** The stationary Gaussian with the images' spectrum; its posterior mean is one convolution. */
import { eventLoopTurns } from "../../core/event_loop.ts";
import type { ImageShape } from "../../core/image_batch.ts";
import type { FilterLevel, FittedPosterior, FittedSource, SourceImages } from "../filters.ts";
import { type PlaneTransform, planeTransform, type Spectrum } from "./fourier.ts";
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
  readonly #transform: PlaneTransform;
  /** The last level asked for, and the filter there. */
  #known: { readonly signal: number; readonly sigma: number; readonly gains: Gains } | undefined;

  constructor(parts: Spectra) {
    this.#parts = parts;
    this.#transform = planeTransform(parts.shape[0], parts.shape[1]);
  }

  /** `m + a S (a^2 S + s^2 I)^-1 (x - a m)` at each frequency. */
  mean(x: Float64Array, { signal, sigma }: FilterLevel): Float64Array {
    const { shape: [height, width, channels], means } = this.#parts;
    const transform = this.#transform;
    const cells = height * transform.columns, pixels = height * width;
    if (this.#known?.signal !== signal || this.#known.sigma !== sigma) {
      this.#known = { signal, sigma, gains: gainsOf(this.#parts, { signal, sigma, cells }) };
    }
    const { gains } = this.#known;
    const plane = new Float64Array(pixels);
    const spectra = means.map((mean, c) => {
      for (let p = 0; p < pixels; p++) plane[p] = x[p * channels + c]! - signal * mean;
      const spectrum = emptySpectrum(cells);
      transform.forward(plane, spectrum);
      return spectrum;
    });
    const out = new Float64Array(x.length);
    const filtered = emptySpectrum(cells);
    for (let c = 0; c < channels; c++) {
      filtered.re.fill(0);
      filtered.im.fill(0);
      for (let d = 0; d < channels; d++) {
        const { re: a, im: b } = gains[c]![d]!, { re: u, im: v } = spectra[d]!;
        for (let f = 0; f < cells; f++) {
          filtered.re[f] = filtered.re[f]! + a[f]! * u[f]! - b[f]! * v[f]!;
          filtered.im[f] = filtered.im[f]! + a[f]! * v[f]! + b[f]! * u[f]!;
        }
      }
      transform.inverse(filtered, plane);
      for (let p = 0; p < pixels; p++) out[p * channels + c] = plane[p]! + means[c]!;
    }
    return out;
  }
}

/** What each channel's frequency takes from those of all channels, `[C, C]` of spectra. */
type Gains = readonly (readonly Spectrum[])[];

/** `a S (a^2 S + s^2 I)^-1` at each frequency. */
function gainsOf(
  { power }: Spectra,
  { signal, sigma, cells }: {
    readonly signal: number;
    readonly sigma: number;
    readonly cells: number;
  },
): Gains {
  const gains = power.map((row) => row.map(() => emptySpectrum(cells)));
  for (let f = 0; f < cells; f++) {
    const matrix = power.map((row) =>
      row.map(({ re, im }): Complex => [signal ** 2 * re[f]!, signal ** 2 * im[f]!])
    );
    power.forEach((_, d) => {
      const right = power.map((_, c): Complex => [c === d ? 1 : 0, 0]);
      const solved = solveHermitian(matrix, { add: sigma ** 2, right });
      power.forEach((row, c) => {
        let re = 0, im = 0;
        row.forEach((entry, e) => {
          const [a, b] = [entry.re[f]!, entry.im[f]!], [u, v] = solved[e]!;
          re += a * u - b * v;
          im += a * v + b * u;
        });
        gains[c]![d]!.re[f] = signal * re;
        gains[c]![d]!.im[f] = signal * im;
      });
    });
  }
  return gains;
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
