/**
 * Whether a number can be the size k of the k x k patch around a pixel: odd, so that the pixel is its
 * center, and at most `largest`.
 */
export function isPatchSize(k: number, largest = Infinity): boolean {
  return Number.isSafeInteger(k) && k >= 1 && k <= largest && k % 2 === 1;
}
