/** A machine as its table describes it. */
export interface DescribedMachine {
  /** Name in figures and tables, such as "bbELS". */
  readonly name: string;
  /** What it is, in a few words. */
  readonly description: string;
}

/** What the machines of a figure are, in words for under it. */
export function machinesExplained(machines: readonly DescribedMachine[]): string {
  return "A machine is computed from the training images, not trained: every pixel is a mean over what may " +
    "match its surroundings there, weighted by how well it does. " +
    machines.map(({ name, description }) => `${name} is the ${description}`).join("; ") + ".";
}

/** How to read a grid of samples, in words for under it. */
export const sampleGridExplained: string =
  "Each column is one sample: network and machines begin with the same noise, x at t = 1 in the top row. " +
  "Numbers under a column are r², the squared Pearson correlation of a machine's image with the network's; " +
  "1 is the same image up to contrast and brightness.";
