/** What lies in a folder of images, in numbers and in words, told before it is used. */
import { quoted } from "../core/quoted.ts";
import { endingOf, isHidden, kindOfFile, partsOfPath } from "./image_paths.ts";
import type { PlacedImage } from "./placed_images.ts";

/** Files by what they are. */
export interface FileSurvey {
  /** The images. */
  readonly images: readonly PlacedImage[];
  /** Number of pictures in formats that are not read, by ending. */
  readonly otherPictures: ReadonlyMap<string, number>;
  /** Number of files that are no pictures, by ending. */
  readonly others: ReadonlyMap<string, number>;
  /** Number of members whose names lead out of an archive. */
  readonly leadingOut: number;
  /** Folders whose pictures are all of formats that are not read. */
  readonly emptied: readonly string[];
}

/** A part of the set. */
export interface PartSurvey {
  /** "all" where there are no parts. */
  readonly name: string;
  /** Folders at the top that are this part. */
  readonly folders: readonly string[];
  readonly images: number;
  /** Images of each class, in the order of their numbers; empty where there are none. */
  readonly classes: readonly { readonly name: string; readonly images: number }[];
}

/** What a folder of images holds. */
export interface FolderSurvey extends FileSurvey {
  readonly parts: readonly PartSurvey[];
  /** What is used. */
  readonly used: string;
  /** Images that belong to no part or class, and are left out; and one of them. */
  readonly outside: number;
  readonly outsideSuch: string | undefined;
}

/** Sorts files by what they are; hidden ones are not counted. */
export function surveyFiles(paths: readonly string[]): FileSurvey {
  const images: PlacedImage[] = [];
  const kinds = { "other picture": new Map<string, number>(), "other": new Map<string, number>() };
  const pictured = { image: new Set<string>(), "other picture": new Set<string>() };
  let leadingOut = 0;
  for (const [index, given] of paths.entries()) {
    const parts = partsOfPath(given);
    if (parts === undefined) {
      leadingOut++;
      continue;
    }
    const path = parts.join("/");
    if (isHidden(path)) continue;
    const kind = kindOfFile(path);
    const folders = parts.slice(0, -1);
    if (kind === "image") images.push({ index, path, folders });
    else {
      const ending = endingOf(path) || "without ending";
      kinds[kind].set(ending, (kinds[kind].get(ending) ?? 0) + 1);
    }
    if (kind !== "other") pictured[kind].add(folders.join("/"));
  }
  return {
    images,
    otherPictures: kinds["other picture"],
    others: kinds.other,
    leadingOut,
    emptied: [...pictured["other picture"]]
      .filter((folder) => folder !== "" && !pictured.image.has(folder)).sort(),
  };
}

const grouped = (count: number) => count.toLocaleString("en");
const plural = (count: number, word: string, more = `${word}s`) =>
  `${grouped(count)} ${count === 1 ? word : more}`;

/** A name as it is where it is a plain one, else quoted. */
const named = (name: string) => /^[\w.\- ]{1,30}$/.test(name) ? name : quoted(name, 30);

/** Classes that are listed one by one. */
const mostListed = 12;

/** The classes of a part with their images: "cat 3, dog 4". */
function classesText({ images, classes }: PartSurvey): string {
  if (classes.length === 0) return "no classes";
  const counts = classes.map((each) => each.images);
  const what = plural(classes.length, "class", "classes");
  if (classes.length > mostListed) {
    const [least, most] = [Math.min(...counts), Math.max(...counts)];
    const each = least === most
      ? `${grouped(least)} each`
      : `${grouped(least)} to ${grouped(most)} each`;
    const names = classes.slice(0, 3).map(({ name }) => named(name)).join(", ");
    return `${what} (${names}, ..), ${each}`;
  }
  const listed = classes.map(({ name, images }) => `${named(name)} ${grouped(images)}`).join(
    ", ",
  );
  return images === 0 ? what : `${what}: ${listed}`;
}

/** A part in a line. */
function partText(part: PartSurvey, used: boolean): string {
  const { name, folders, images } = part;
  const called = folders.filter((folder) => folder !== name);
  const from = called.length === 0 ? "" : ` (${called.map((folder) => named(folder)).join(", ")})`;
  const what = name === "all" ? "" : `${name}${from}${used ? "" : ", not used"}: `;
  return `${what}${plural(images, "image")}, ${classesText(part)}`;
}

const endingsText = (counts: ReadonlyMap<string, number>) =>
  [...counts].sort((a, b) => b[1] - a[1]).slice(0, 8)
    .map(([ending, count]) => `${quoted(ending, 20).replaceAll('"', "")} ${grouped(count)}`).join(
      ", ",
    );
const sumOf = (counts: ReadonlyMap<string, number>) =>
  [...counts.values()].reduce((sum, count) => sum + count, 0);

/** What a folder holds, a line each: its parts and classes, and what is left out and why. */
export function surveyLines(
  survey: FolderSurvey,
  { label, links, isArchive }: {
    readonly label: string;
    /** Links that are left out. */
    readonly links: number;
    /** Whether they are those of an archive. */
    readonly isArchive: boolean;
  },
): string[] {
  const { parts, used, otherPictures, others, leadingOut, emptied, outside, outsideSuch } = survey;
  const isUsed = ({ name }: PartSurvey) =>
    name === "all" || name === used || (used === "all" && name !== "extra");
  const lines = parts.length === 1 ? [`${label}: ${partText(parts[0]!, true)}`] : [
    `${label}: ${parts.length} parts`,
    ...parts.toSorted((a, b) => Number(isUsed(b)) - Number(isUsed(a)))
      .map((part) => `  ${partText(part, isUsed(part))}`),
  ];
  const left = (text: string) => void lines.push(`  left out: ${text}`);
  if (otherPictures.size > 0) {
    left(
      `${plural(sumOf(otherPictures), "picture")} of formats that are not read ` +
        `(${endingsText(otherPictures)})`,
    );
  }
  if (emptied.length > 0) {
    const names = emptied.slice(0, 5).map((name) => named(name)).join(", ");
    left(
      `${plural(emptied.length, "folder")} without any other picture: ${names}${
        emptied.length > 5 ? ", .." : ""
      }`,
    );
  }
  if (others.size > 0) {
    left(
      `${plural(sumOf(others), "file")} that ${
        sumOf(others) === 1 ? "is no image by its name" : "are no images by their names"
      } (${endingsText(others)})`,
    );
  }
  if (outside > 0) {
    left(`${plural(outside, "image")} in no part or class, such as ${quoted(outsideSuch)}`);
  }
  if (links > 0) {
    left(
      `${plural(links, "link")} ${isArchive ? "of the archive" : "that lead back, or on and on"}`,
    );
  }
  if (leadingOut > 0) {
    left(
      `${plural(leadingOut, "file")} whose ${
        leadingOut === 1 ? "name leads" : "names lead"
      } out of the archive`,
    );
  }
  return lines;
}
