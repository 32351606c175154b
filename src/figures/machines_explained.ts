/**
 * A machine as its table describes it.
 *
 * @category Figures
 */
export interface DescribedMachine {
  /** Name in figures and tables, such as "bbELS". */
  readonly name: string;
  /** What it is, in a few words. */
  readonly description: string;
}

/**
 * What the machines of a figure are, in words for under it.
 *
 * @example
 * ```ts
 * import { machinesExplained } from "@els/toolkit/figures";
 * import { machineTable } from "@els/toolkit/machines";
 * import { assertStringIncludes } from "@std/assert";
 *
 * assertStringIncludes(machinesExplained(machineTable), "bbELS");
 * ```
 *
 * @category Figures
 */
export function machinesExplained(machines: readonly DescribedMachine[]): string {
  return "Machines are computed from the training images, without training: each pixel is an average " +
    "over the training windows that may match its own, and the better one matches the more it counts. " +
    "They differ in which may match. " +
    machines.map(({ name, description }) => `${name}, ${description}.`).join(" ");
}

/**
 * How to read a grid of samples, in words for under it.
 *
 * @category Figures
 */
export const sampleGridExplained: string =
  "Each column is one sample: network and machines begin with the same noise, x at t\u00a0=\u00a01 in the " +
  "top row. Numbers under a column are r², the squared Pearson correlation of a machine's image with " +
  "the network's; 1 is the same image up to contrast and brightness.";
