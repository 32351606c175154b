/** What people are told while a data set is read. */
import type { LoadDatasetOptions } from "../../src/datasets/registry_files.ts";
import type { Progress, ProgressReporter } from "../cli/progress.ts";

/** What a data set is told to while it is read. */
export type Reading = Pick<LoadDatasetOptions, "tell" | "onProgress" | "abort">;

/** Seconds of reading before a bar is drawn. */
const patience = 2;

/** Tells what a data set holds, and how far reading it has come if that takes long. */
export function readingWith(
  { progress, abort }: { readonly progress: ProgressReporter; readonly abort: AbortSignal },
): Reading & { readonly finish: () => void } {
  const began = performance.now();
  let bar: Progress | undefined;
  const finish = () => {
    bar?.finish();
    bar = undefined;
  };
  return {
    ...{ abort, finish },
    tell(line) {
      finish();
      progress.note(line);
    },
    onProgress(done, total) {
      if (performance.now() - began < 1000 * patience) return;
      bar ??= progress.start({ label: "read", total, done, unit: "images" });
      bar.update(done);
    },
  };
}
