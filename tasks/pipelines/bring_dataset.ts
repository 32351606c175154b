/** Bringing a data set to this machine: fetched or taken from a path, verified, unpacked. */
import { basename, join } from "@std/path";
import { ownSets } from "../../src/datasets/dataset_label.ts";
import { download, problemWith } from "../../src/datasets/download_files.ts";
import { downloadsFolder } from "../../src/datasets/locate_files.ts";
import { kindOf } from "../../src/datasets/open_files.ts";
import type { DatasetSource, OfficialFile } from "../../src/datasets/source.ts";
import { CommandError } from "../cli/command.ts";
import { commandLine } from "../cli/invocation.ts";
import type { ProgressReporter } from "../cli/progress.ts";

/** Options of {@linkcode bringDataset}. */
export interface BringOptions {
  /** Path of the published files, instead of the network. */
  readonly from: string | undefined;
  /** Address below which the published files are fetched, instead of the authors'. */
  readonly mirror: string | undefined;
  /** Folder to keep them in, instead of the one where all commands look. */
  readonly into: string | undefined;
  readonly abort: AbortSignal;
  readonly progress: ProgressReporter;
  readonly print: (line: string) => void;
}

const inMegabytes = (bytes: number) => Math.round(bytes / 1e5) / 10;
const humanSize = (bytes: number) =>
  bytes < 1e9 ? `${(bytes / 1e6).toPrecision(3)} MB` : `${(bytes / 1e9).toPrecision(3)} GB`;

/** Number of images in both parts; throws what opening the set throws. */
async function countImages(source: DatasetSource, from: string | undefined): Promise<string> {
  const counts: string[] = [];
  for (const split of ["train", "test"] as const) {
    const { labels } = await source.open({ split, size: 32, from });
    counts.push(`${labels.length.toLocaleString("en")} ${split}`);
  }
  return `${counts.join(" and ")} images`;
}

/** Number of images in the parts that there are; throws what opening the first of them throws, if none is. */
async function countParts(source: DatasetSource, from: string | undefined): Promise<string> {
  const counts: string[] = [];
  let problem: unknown;
  for (const part of source.splits ?? ["train", "test"]) {
    try {
      const split = part === "test" ? "test" : "train";
      const { labels } = await source.open({ split, part, size: 32, from });
      counts.push(`${labels.length.toLocaleString("en")} ${part}`);
    } catch (error) {
      problem ??= error;
    }
  }
  if (counts.length === 0) throw problem;
  return `${counts.join(" and ")} images`;
}

/** The first of a set's usual folders that exists. */
export async function foundIn({ folders = [] }: DatasetSource): Promise<string | undefined> {
  for (const folder of folders) if (await kindOf(folder) !== undefined) return folder;
  return undefined;
}

/** The files of a set under a path that the user gave, verified. */
async function verifiedFiles(
  files: readonly OfficialFile[],
  { from, abort, progress }: { from: string; abort: AbortSignal; progress: ProgressReporter },
): Promise<string[]> {
  const paths: string[] = [];
  for (const file of files) {
    const kind = await kindOf(from);
    if (kind === undefined) throw new CommandError(`--from is ${from}: there is no such path`);
    const path = kind === "file" && files.length === 1 ? from : join(from, file.name);
    if (await kindOf(path) !== "file") {
      throw new CommandError(
        `--from is ${from}: there is no ${file.name} in it; files in another form need no import, ` +
          "give them to the commands themselves with --from",
      );
    }
    progress.note(`Checking ${path}`);
    const problem = await problemWith(file, path, abort);
    if (problem !== undefined) throw new CommandError(`${path}: ${problem}`);
    paths.push(path);
  }
  return paths;
}

async function fetchFiles(
  files: readonly OfficialFile[],
  { folder, mirror, abort, progress }: Omit<BringOptions, "from" | "into" | "print"> & {
    readonly folder: string;
  },
): Promise<string[]> {
  const paths: string[] = [];
  for (const file of files) {
    const path = join(folder, file.name);
    const url = mirror === undefined ? file.url! : `${mirror.replace(/\/$/, "")}/${file.name}`;
    let bar: ReturnType<ProgressReporter["start"]> | undefined;
    const result = await download(file, {
      url,
      path,
      abort,
      onNote: (text) => progress.note(text),
      onProgress: (bytes) => {
        bar ??= progress.start({
          label: file.name,
          total: inMegabytes(file.bytes),
          done: inMegabytes(bytes),
          unit: "MB",
        });
        bar.update(inMegabytes(bytes));
      },
    });
    bar?.finish();
    progress.note(`${file.name}: ${result === "kept" ? "is here already" : "verified"}`);
    paths.push(path);
  }
  return paths;
}

/**
 * Says what a data set is and how it may be used, brings it here unless it is here already, and says
 * how to use it.
 *
 * @returns The set, how many images there are, and where.
 * @throws CommandError or DownloadError if it cannot be had, in one line that says what to do.
 * @throws DataFormatError if what came is damaged.
 */
export async function bringDataset(
  source: DatasetSource,
  options: BringOptions,
): Promise<{ dataset: string; images: string; folder: string | null }> {
  const { name, about, archive, folders = [] } = source;
  const { from, mirror, abort, progress, print } = options;
  print(`${name}: ${about.what}\nLicense: ${about.license}`);
  if (about.page) print(`Page: ${about.page}`);
  if (archive === undefined) {
    if (from === undefined && ownSets.includes(name)) {
      throw new CommandError("Nothing to fetch: give --from to the commands");
    }
    if (from === undefined && folders.length > 0 && await foundIn(source) === undefined) {
      throw new CommandError(
        `This set is not fetched by this program: get its files from its page and put them into ` +
          `${folders[0]}, or name their folder with --from in the other commands`,
      );
    }
    const images = await countParts(source, from);
    const folder = from ?? await foundIn(source) ?? null;
    print(
      `Nothing to fetch: ${images} ${
        folder === null ? "come with this package" : `are in ${folder}`
      }`,
    );
    return { dataset: name, images, folder };
  }
  const folder = options.into ?? join(downloadsFolder(), name);
  const whole = archive.files.reduce((sum, { bytes }) => sum + bytes, 0);
  const ready = await countImages(source, options.into).catch(() => undefined);
  if (ready !== undefined) {
    const found = options.into ?? await foundIn(source) ?? folder;
    print(`Nothing to fetch: ${ready} are in ${found} already`);
    return { dataset: name, images: ready, folder: found };
  }
  const byHand = archive.files.some(({ url }) => url === undefined) && mirror === undefined;
  if (from === undefined && byHand) {
    const names = archive.files.map((file) => file.name).join(", ");
    throw new CommandError(
      `This set (${humanSize(whole)}) cannot be fetched by a program: ${archive.byHand}, then ` +
        `run ${commandLine(`data ${name} --from PATH/${names}`)}`,
    );
  }
  const where = from ?? mirror ?? archive.files[0]!.url!.replace(/[^/]*$/, "");
  print(`From: ${where} (${humanSize(whole)})\nTo: ${folder}`);
  await Deno.mkdir(folder, { recursive: true });
  const paths = from === undefined
    ? await fetchFiles(archive.files, { folder, mirror, abort, progress })
    : await verifiedFiles(archive.files, { from, abort, progress });
  if (archive.unpack === undefined) {
    for (const path of paths) {
      const target = join(folder, basename(path));
      if (path === target) continue;
      await Deno.copyFile(path, `${target}.part`);
      await Deno.rename(`${target}.part`, target);
    }
  } else {
    let bar: ReturnType<ProgressReporter["start"]> | undefined;
    await archive.unpack(paths, {
      folder,
      abort,
      onProgress: (done, total) => {
        bar ??= progress.start({ label: "unpack", total, done });
        bar.update(done);
      },
    });
    bar?.finish();
    if (from === undefined) { for (const path of paths) await Deno.remove(path); }
  }
  const images = await countImages(source, folder);
  print(`${images} are in ${folder}`);
  print(
    options.into === undefined
      ? `Use them with --dataset ${name}`
      : `Use them with --dataset ${name} --from ${folder}`,
  );
  return { dataset: name, images, folder };
}
