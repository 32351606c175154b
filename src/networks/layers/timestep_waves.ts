/** Frequencies of {@linkcode timestepWaves}, every operation rounded to float32. */
export function timestepFrequencies(d: number, freqShift: number): number[] {
  const scale = Math.fround(-Math.log(10000));
  return Array.from({ length: d }, (_, j) => {
    const exponent = Math.fround(Math.fround(scale * j) / Math.fround(d - freqShift));
    return Math.fround(Math.exp(exponent));
  });
}

/** Options of {@linkcode timestepWaves}. */
export interface TimestepWavesOptions {
  /** Number of values, even. */
  readonly width: number;
  /** Subtracted from the number of frequencies where the exponent is divided by it. */
  readonly freqShift: number;
  /** Whether cosines come first. */
  readonly flipSinToCos: boolean;
}

/**
 * Sinusoidal embedding of timesteps: sines and cosines of `n exp(-ln(10000) j / (d - freqShift))`,
 * j = 0 .. d - 1, d = width / 2. Every operation is rounded to float32, as the networks were trained:
 * at n = 999 the argument of a sine would else differ by up to 6e-5.
 *
 * @param steps Number of the timestep of each image, `[B]`.
 * @returns `[B, width]`.
 */
export function timestepWaves(
  steps: ArrayLike<number>,
  { width, freqShift, flipSinToCos }: TimestepWavesOptions,
): Float32Array {
  const d = width / 2;
  const out = new Float32Array(steps.length * width);
  const [sines, cosines] = flipSinToCos ? [d, 0] : [0, d];
  timestepFrequencies(d, freqShift).forEach((frequency, j) => {
    for (let b = 0; b < steps.length; b++) {
      const angle = Math.fround(Math.fround(steps[b]!) * frequency);
      out[b * width + sines + j] = Math.sin(angle);
      out[b * width + cosines + j] = Math.cos(angle);
    }
  });
  return out;
}
