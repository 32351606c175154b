/** Looking through a folder of images without using it. */
import { DataFormatError } from "../core/errors.ts";
import { defaultMaxPixels, maxPictureBytes } from "../formats/pixel_limit.ts";
import { surveyFolder } from "./arrange_images.ts";
import { datasetLabel } from "./dataset_label.ts";
import { createImageDecoder } from "./decode_image.ts";
import { type FolderSurvey, surveyLines } from "./folder_survey.ts";
import { openFileTree } from "./image_files.ts";
import { isImagePath } from "./image_paths.ts";
import { PictureTally } from "./picture_tally.ts";
import { unreadableLines } from "./unreadable_lines.ts";
import type { ClassesFrom, ReadOptions } from "./source.ts";

/** Options of {@linkcode checkImageFolder}. */
export interface CheckImageFolderOptions extends ReadOptions {
  readonly classesFrom?: ClassesFrom | undefined;
  readonly maxPixels?: number | undefined;
  /** Is told what is found, a line each. */
  readonly tell: (line: string) => void;
}

/** What was found. */
export interface CheckedFolder {
  readonly survey: FolderSurvey;
  /** What is wrong with each image that cannot be read, in a line that names it. */
  readonly unreadable: readonly string[];
}

/**
 * Decodes every image of a folder, zip or tar, of all parts, and tells what there is.
 *
 * @throws DataFormatError if there is no image, or what is there can be read in two ways.
 */
export async function checkImageFolder(
  from: string,
  { classesFrom, maxPixels = defaultMaxPixels, tell, onProgress, abort }: CheckImageFolderOptions,
): Promise<CheckedFolder> {
  const files = await openFileTree(from, {
    ...{ maxBytes: maxPictureBytes(maxPixels), wanted: isImagePath },
  });
  const survey = surveyFolder(files.paths, { classesFrom, source: from });
  const label = datasetLabel("folder", from);
  surveyLines(survey, { label, ...files }).forEach(tell);
  const decode = await createImageDecoder({ maxPixels });
  const tally = new PictureTally();
  const unreadable: string[] = [];
  for (const [at, { index }] of survey.images.entries()) {
    abort?.throwIfAborted();
    onProgress?.(at, survey.images.length);
    try {
      tally.add(decode(await files.read(index), `${from}/${files.paths[index]}`).shape);
    } catch (error) {
      if (!(error instanceof DataFormatError)) throw error;
      unreadable.push(error.message);
    }
  }
  unreadableLines(unreadable).forEach(tell);
  tally.lines().forEach(tell);
  return { survey, unreadable };
}
