/** Whether what would be published is small enough for the registry. */

/** Bytes that a package of JSR may have: 20 MB. */
export const largestPackage = 20_000_000;

/**
 * What is wrong with the size of a package.
 *
 * @param said What `deno publish --dry-run` says: the address of each file with its size behind it.
 * @returns One line; undefined if nothing is.
 */
export async function packageProblem(said: string): Promise<string | undefined> {
  const files = [...said.matchAll(/^\s*(file:\/\/\S+) \([\d.]+\w+\)$/gm)];
  if (files.length === 0) return "The dry run lists no files: has its form changed?";
  let bytes = 0;
  for (const [, address] of files) bytes += (await Deno.stat(new URL(address!))).size;
  if (bytes <= largestPackage) return undefined;
  return `The package has ${bytes} bytes, at most ${largestPackage} may be published`;
}
