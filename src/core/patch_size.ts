/**
 * Whether a number can be the size k of the k x k patch around a pixel: odd, so that the pixel is its
 * center, and at most `largest`.
 */
export function isPatchSize(k: number, largest = Infinity): boolean {
  return Number.isSafeInteger(k) && k >= 1 && k <= largest && k % 2 === 1;
}

/**
 * How many pixels across weigh one half or more, in a window of some width around a pixel; an odd k itself for
 * the k x k box.
 */
export function pixelsAcross(width: number): number {
  return 2 * Math.floor(width / 2) + 1;
}
