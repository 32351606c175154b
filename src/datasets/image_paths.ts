/** What the name of a file says before it is opened: whether it is a picture, hidden, or out of place. */

/** Formats that are read, by the endings of their files' names. */
const readable: Readonly<Record<string, readonly string[]>> = {
  JPEG: ["jpg", "jpeg", "jpe", "jfif", "jfi", "jif"],
  PNG: ["png", "apng"],
  WebP: ["webp"],
  BMP: ["bmp", "dib"],
};

/** Endings of pictures in formats that are not read. */
const otherPictures = new Set([
  ...["gif", "tif", "tiff", "avif", "heic", "heif", "jp2", "j2k", "jxl", "ppm", "pgm", "pbm"],
  ...["pnm", "tga", "ico", "svg", "psd", "raw", "cr2", "nef", "dng", "exr", "hdr", "dds"],
]);

const readableEndings = new Set(Object.values(readable).flat());

/** The formats in words. */
export const readableFormats: string = Object.keys(readable).join(", ").replace(
  /, (\w+)$/,
  " or $1",
);

/** Ending of a file's name in lower case, with its dot; empty where there is none. */
export function endingOf(path: string): string {
  return /[^/](\.[^./]+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
}

/** What systems put into folders by themselves, anywhere on a path. */
const systemNames =
  /(^|\/)(\.|__MACOSX(\/|$)|(Thumbs\.db|ehthumbs(_vista)?\.db|desktop\.ini|Icon\r)$|@eaDir(\/|$)|\$RECYCLE\.BIN(\/|$))/i;

/** Whether a path is hidden, or was made by a system and not by a person. */
export const isHidden = (path: string): boolean => systemNames.test(path);

/** What a file is by its name. */
export type FileKind = "image" | "other picture" | "other";

/** What a file is by its ending. */
export function kindOfFile(path: string): FileKind {
  const ending = endingOf(path).slice(1);
  return readableEndings.has(ending)
    ? "image"
    : otherPictures.has(ending)
    ? "other picture"
    : "other";
}

/**
 * The parts of a path in a folder or archive, without those that say nothing (`./`, `//`); undefined if
 * it begins elsewhere or leads out by `..`.
 */
export function partsOfPath(path: string): string[] | undefined {
  if (/^([/\\]|[A-Za-z]:[/\\])/.test(path)) return undefined;
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  return parts.includes("..") ? undefined : parts;
}

/** Whether a path is that of an image that can be read, in its folder, and not hidden. */
export function isImagePath(path: string): boolean {
  const clean = partsOfPath(path)?.join("/") ?? "";
  return kindOfFile(clean) === "image" && !isHidden(clean);
}
