/**
 * What people call a data set: a folder of images has the folder's name, without the ending of an
 * archive, in lower case with dashes; any other set the name that it is loaded by.
 */
export function datasetLabel(name: string, from?: string): string {
  if (name !== "folder" || from === undefined) return name;
  const parts = from.split(/[\\/]+/).filter((part) => !["", ".", ".."].includes(part));
  const words = (parts.at(-1) ?? "").replace(/\.(zip|tar|tgz|tar\.gz)$/i, "").toLowerCase()
    .split(/[^\p{L}\p{N}_]+/u).filter((word) => word !== "");
  return words.length === 0 ? name : words.join("-");
}
