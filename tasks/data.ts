/** `deno task data`: fetches data sets, or says which there are and where they lie. @module */
import { basename, join } from "@std/path";
import { datasetNames, datasetSources } from "../src/datasets/registry_files.ts";
import { download, DownloadError, problemWith } from "../src/datasets/download_files.ts";
import { downloadsFolder, kindOf } from "../src/datasets/locate_files.ts";
import type { DatasetSource, OfficialFile } from "../src/datasets/source.ts";
import { CommandError, runCommand } from "./cli/command.ts";
import type { ProgressReporter } from "./cli/progress.ts";
import { textTable } from "./cli/table.ts";

interface Options {
  readonly from: string | undefined;
  readonly mirror: string | undefined;
  readonly into: string | undefined;
  readonly abort: AbortSignal;
  readonly progress: ProgressReporter;
}

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

/** All sets in a table. */
async function list(): Promise<void> {
  const rows: string[][] = [];
  for (const { name, about, archive, folders } of datasetSources) {
    const found: string[] = [];
    for (const folder of folders ?? []) if (await kindOf(folder)) found.push(folder);
    const where = found[0] ??
      (archive
        ? `deno task data ${name}`
        : name === "folder"
        ? "--from PATH"
        : "with this package");
    rows.push([name, where, about.what, about.licence]);
  }
  console.log(textTable({ header: ["name", "where", "what", "licence"], rows }));
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
        `--from is ${from}: there is no ${file.name} in it; what the commands can read ` +
          "themselves, they take by --from and needs no import",
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
  { folder, mirror, abort, progress }: Omit<Options, "from" | "into"> & { readonly folder: string },
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
          total: file.bytes / 1e6,
          done: bytes / 1e6,
          unit: "MB",
        });
        bar.update(bytes / 1e6);
      },
    });
    bar?.finish();
    progress.note(`${file.name}: ${result === "kept" ? "is here already" : "verified"}`);
    paths.push(path);
  }
  return paths;
}

async function bring(source: DatasetSource, options: Options): Promise<void> {
  const { name, about, archive } = source;
  const { from, mirror, abort, progress } = options;
  console.log(`${name}: ${about.what}\nLicence: ${about.licence}`);
  if (about.page) console.log(`Page: ${about.page}`);
  if (archive === undefined) {
    if (name === "folder") throw new CommandError("Nothing to fetch: give --from to the commands");
    console.log(`Nothing to fetch: ${await countImages(source, from)} come with this package`);
    return;
  }
  const folder = options.into ?? join(downloadsFolder(), name);
  const whole = archive.files.reduce((sum, { bytes }) => sum + bytes, 0);
  const ready = await countImages(source, folder).catch(() => undefined);
  if (ready !== undefined) {
    console.log(`${ready} are in ${folder} already`);
    return;
  }
  const byHand = archive.files.some(({ url }) => url === undefined) && mirror === undefined;
  if (from === undefined && byHand) {
    const names = archive.files.map((file) => file.name).join(", ");
    throw new CommandError(
      `This set (${humanSize(whole)}) cannot be fetched by a program: ${archive.byHand}, then ` +
        `run deno task data ${name} --from PATH/${names}`,
    );
  }
  const where = from ?? mirror ?? archive.files[0]!.url!.replace(/[^/]*$/, "");
  console.log(`From: ${where} (${humanSize(whole)})\nTo: ${folder}`);
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
  console.log(`${await countImages(source, folder)} are in ${folder}`);
  console.log(
    options.into === undefined
      ? `Use them with --dataset ${name}`
      : `Use them with --dataset ${name} --from ${folder}`,
  );
}

await runCommand({
  name: "data",
  description:
    "Fetches a data set as its authors publish it, says its size and licence before it begins, and " +
    "verifies the checksum. Ctrl-C stops; run again, it goes on where it stopped. Without NAME it " +
    "lists the data sets and where they lie.",
  positionals: [{ name: "NAME", help: "Data set", choices: datasetNames, optional: true }],
  flags: {
    from: {
      type: "string",
      placeholder: "PATH",
      help: "Take the published files from here instead of the network",
    },
    mirror: {
      type: "string",
      placeholder: "URL",
      help: "Fetch the published files from below another address",
    },
    into: {
      type: "string",
      placeholder: "FOLDER",
      help: "Where to keep them; default: data/downloads/NAME, where all commands look",
    },
  },
  examples: [
    "deno task data",
    "deno task data cifar10",
    "deno task data celeba --from ~/Downloads/img_align_celeba.zip",
  ],
}, async ({ flags, positionals: [name], abort, progress }) => {
  if (name === undefined) {
    for (const flag of ["from", "mirror", "into"] as const) {
      if (flags[flag] !== undefined) throw new CommandError(`--${flag} needs the NAME of a set`);
    }
    return await list();
  }
  const { from, mirror, into } = flags;
  if (from !== undefined && mirror !== undefined) {
    throw new CommandError("--from and --mirror exclude each other: give one of them");
  }
  if (mirror !== undefined && !/^https?:\/\/./.test(mirror)) {
    throw new CommandError(`--mirror is ${JSON.stringify(mirror)}, expected an http(s) address`);
  }
  const source = datasetSources.find((known) => known.name === name)!;
  try {
    await bring(source, { from, mirror, into, abort, progress });
  } catch (error) {
    if (error instanceof DownloadError) throw new CommandError(error.message);
    throw error;
  }
});
