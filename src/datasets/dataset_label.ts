/** The names that stand for whatever images a person has, in a folder or file that has to be named. */
export const ownSets: readonly string[] = ["folder", "arrays", "parquet"];

/**
 * What people call a data set: images of one's own have the name of their folder or file, without its
 * ending, in lower case with dashes; any other set the name that it is loaded by.
 */
export function datasetLabel(name: string, from?: string): string {
  if (!ownSets.includes(name) || from === undefined) return name;
  const parts = from.split(/[\\/]+/).filter((part) => !["", ".", ".."].includes(part));
  const words = (parts.at(-1) ?? "").replace(/\.(zip|tar|tgz|tar\.gz|npz|npy|parquet)$/i, "")
    .toLowerCase()
    .split(/[^\p{L}\p{N}_]+/u).filter((word) => word !== "");
  return words.length === 0 ? name : words.join("-");
}
