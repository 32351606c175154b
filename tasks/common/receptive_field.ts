import type { Network } from "../../src/networks/network.ts";

/** "receptive field 17", or what is to be said where it exceeds the image. */
export function receptiveFieldText({ receptiveField, architecture }: Network): string {
  if (receptiveField === Infinity) return "receptive field the whole image (attention)";
  const [h, w] = architecture.imageShape;
  const wider = receptiveField >= 2 * Math.max(h, w) - 1;
  return `receptive field ${receptiveField}${wider ? " (the whole image)" : ""}`;
}

/** The smallest odd number from an integer on: scales are odd, the field of a UNet may be even. */
export function nextOdd(n: number): number {
  return n + 1 - n % 2;
}
