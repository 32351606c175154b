/** Samples of earlier releases, which kept images as numbers in a log without checksums. */
import type { ImageStore, SampleImages } from "../../src/runs/image_store.ts";
import { type LogRecord, readLog } from "../../src/runs/jsonl_log.ts";
import type { Run } from "../../src/runs/run_folder.ts";
import type { ProgressReporter } from "../cli/progress.ts";

/** Where such samples go, and how they are read. */
export interface LoggedSamplesOptions {
  readonly images: ImageStore;
  readonly progress: ProgressReporter;
  /** The images that a record holds, by name; they are checked. */
  readonly imagesOf: (record: LogRecord) => Readonly<Record<string, unknown>>;
}

/**
 * Takes over the samples that a run has in its log, those that are not there yet. Nothing says that their
 * numbers are right, but samples were written in their order, and an image has finite values that differ:
 * from the first record that is otherwise on, samples are made again.
 */
export async function takeLoggedSamples(
  run: Run,
  { images, progress, imagesOf }: LoggedSamplesOptions,
): Promise<void> {
  const path = run.file("samples.jsonl");
  const { records, damage } = await readLog(path);
  const done = new Set(images.done);
  let problem = damage;
  for (const [i, record] of records.entries()) {
    const held = imagesOf(record);
    const wrong = record["sample"] !== i
      ? `is of sample ${JSON.stringify(record["sample"])}, expected ${i}`
      : i >= images.samples
      ? "is of a sample that was not asked for"
      : images.names.find((name) => !isImage(held[name], images.valuesPerImage));
    if (wrong !== undefined) {
      problem = `${path}: line ${i + 1} ${
        images.names.includes(wrong) ? `holds no image ${wrong}` : wrong
      }`;
      break;
    }
    if (!done.has(i)) images.write(i, held as SampleImages);
  }
  if (problem !== undefined) {
    progress.note(`${problem}; the samples from there on are made again, unless they are whole`);
  }
}

function isImage(values: unknown, length: number): boolean {
  return Array.isArray(values) && values.length === length && values.every(Number.isFinite) &&
    values.some((value) => value !== values[0]);
}
