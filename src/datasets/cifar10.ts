/** CIFAR-10's binary format: records of a label and the red, green and blue plane of 32 x 32 pixels. */
import { cifarLabels, cifarPixels, type CifarSet } from "./cifar_records.ts";

/** Names of CIFAR-10's classes. */
export const cifar10ClassNames: readonly string[] = [
  ...["airplane", "automobile", "bird", "cat", "deer"],
  ...["dog", "frog", "horse", "ship", "truck"],
];

/** What its records hold. */
export const cifar10Set: CifarSet = {
  title: "CIFAR-10",
  labels: [{ key: "labels", classes: cifar10ClassNames.length }],
};

/** {@linkcode cifarLabels}, of CIFAR-10. */
export function cifar10Labels(
  bytes: Uint8Array,
  options: { readonly source: string; readonly records?: number | undefined },
): Uint8Array {
  return cifarLabels(bytes, { ...options, set: cifar10Set, which: 0 });
}

/** {@linkcode cifarPixels}, of CIFAR-10. */
export function cifar10Pixels(bytes: Uint8Array, index: number): Uint8Array {
  return cifarPixels(bytes, index, cifar10Set);
}
