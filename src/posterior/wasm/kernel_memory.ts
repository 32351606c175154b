/** What the kernel needs of memory, before it is asked for any. */

/** The sizes that decide it. */
export interface KernelSizes {
  readonly queries: number;
  readonly scales: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Largest patch size, or width of a window. */
  readonly patchSize: number;
  /** Do windows have weights? Their queries lie in planes of their own too. */
  readonly weighted?: boolean;
}

/**
 * Bytes that a thread needs for a job of the machines that have a scale, those of the others being fewer:
 * `layout.as.ts` lays them out. What does not grow with queries and scales is left out.
 */
export function kernelBytes(
  { queries, scales, height, width, channels, patchSize, weighted = false }: KernelSizes,
): number {
  const pixels = height * width;
  // Rows of the kernel's own planes have room for vectors at their ends.
  const plane = height * (2 * width + 12) * 4;
  const images = height * (width + 2 * patchSize + 8) * 4 * channels * 2;
  // A bell goes some 0.9 widths far.
  const padded = height * (2 * (width + 0.9 * patchSize) + 16) * 4;
  const perQuery = channels * (2 * plane + 8 * pixels) + plane +
    (weighted ? (channels + 1) * padded : 0);
  const perScale = (2 + channels) * (8 * pixels + plane) + 4 * pixels;
  return images + queries * (perQuery + scales * perScale) + scales * 4 * pixels;
}
