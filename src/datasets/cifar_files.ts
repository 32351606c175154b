import { basename, join } from "@std/path";
import { DataFormatError } from "../core/errors.ts";
import { quoted } from "../core/quoted.ts";
import { readRegularFile } from "../core/file_system.ts";
import { cifarPythonRecords, isPickle } from "./cifar_python.ts";
import {
  checkCifarSize,
  cifarLabels,
  cifarPixels,
  type CifarSet,
  cifarValues,
} from "./cifar_records.ts";
import { downloadsFolder, listFolder, locateDataset } from "./locate_files.ts";
import { kindOf, streamFile, withFile } from "./open_files.ts";
import { type FoundFile, searchFiles } from "./search_files.ts";
import type {
  DatasetAbout,
  DatasetArchive,
  DatasetRequest,
  DatasetSource,
  OfficialFile,
  OpenDataset,
  Split,
} from "./source.ts";
import { readTar } from "./tar.ts";

/** A form in which a set is published. */
export interface CifarVersion {
  /** Folder that its archive unpacks to. */
  readonly folder: string;
  readonly archive: string;
  readonly files: Readonly<Record<Split, readonly string[]>>;
}

/** One of the data sets, its two versions and how it is fetched. */
export interface CifarDataset {
  readonly name: string;
  readonly about: DatasetAbout;
  readonly set: CifarSet;
  /** Which of its labels are the classes, and what these are called. */
  readonly which: number;
  readonly classNames: readonly string[];
  readonly binary: CifarVersion;
  readonly python: CifarVersion;
  /** Images in an official file of each part. */
  readonly records: Readonly<Record<Split, number>>;
  /** The published archive, of either version. */
  readonly download: OfficialFile;
  /** Folders of the downloads in which it is looked for. */
  readonly folders: readonly string[];
}

/** What an archive unpacks to, 184 MB or 187 MB, and slack. */
const archiveBytes = 250e6;
/** Bytes that a pickle may have: CIFAR-100's training part, 155 MB, and slack. */
const pickleBytes = 500e6;

/** One file of records; its bytes are read when they are needed, and may be read again. */
interface Batch {
  readonly source: string;
  /** How many records there must be; undefined: any number. */
  readonly records: number | undefined;
  /** Its records in the form of the binary version. */
  bytes(): Promise<Uint8Array>;
}

/**
 * Makes the source of CIFAR-10 or CIFAR-100 (Krizhevsky 2009), in the binary or the Python version: as
 * `deno task data` put it, a folder of the batches or one up to some levels above it, the archive itself, or
 * one file of either version. Both versions give the same images.
 */
export function cifarSource(dataset: CifarDataset): DatasetSource {
  const { name, about, download } = dataset;
  const folders = dataset.folders.map((folder) => join(downloadsFolder(), folder));
  return {
    name,
    about,
    folders,
    archive: {
      files: [download],
      unpack: ([archive], options) => unpackArchive(archive!, { ...options, dataset }),
    },
    async open(request) {
      const path = await locateDataset(name, { from: request.from, folders });
      return await openBatches(await findBatches(path, { ...request, dataset }), dataset);
    },
  };
}

/** Writes the batches of an archive of either version as those of the binary one, in one go. */
async function unpackArchive(
  archive: string,
  { dataset, folder, abort, onProgress }:
    & Parameters<
      NonNullable<DatasetArchive["unpack"]>
    >[1]
    & { readonly dataset: CifarDataset },
): Promise<void> {
  const { set, binary, python } = dataset;
  const target = join(folder, binary.folder);
  const temporary = `${target}.part`;
  await Deno.remove(temporary, { recursive: true }).catch(() => {});
  await Deno.mkdir(temporary);
  const splits = ["train", "test"] as const;
  const batches = splits.flatMap((split) =>
    binary.files[split].map((name, i) => ({
      ...{ name, pythonName: python.files[split][i]!, records: dataset.records[split] },
    }))
  );
  const done = new Set<string>();
  const wanted = batches.flatMap(({ name, pythonName }) => [name, pythonName]);
  for await (const { name, bytes } of await openArchive(archive, wanted)) {
    abort?.throwIfAborted();
    const file = basename(name);
    const batch = batches.find((each) => each.name === file || each.pythonName === file)!;
    if (done.has(batch.name)) throw new DataFormatError(archive, `it has two files ${file}`);
    const { records } = batch;
    const source = `${archive}/${name}`;
    const held = file === batch.name ? bytes : cifarPythonRecords(bytes, { set, source, records });
    cifarLabels(held, { set, source, records, which: 0 });
    await writeSynced(join(temporary, batch.name), held);
    done.add(batch.name);
    onProgress?.(done.size, batches.length);
  }
  const missing = batches.filter(({ name }) => !done.has(name)).map(({ name }) => name);
  if (missing.length > 0) {
    throw new DataFormatError(archive, `no ${missing.join(", ")} in this archive`);
  }
  await Deno.remove(target, { recursive: true }).catch(() => {});
  await Deno.rename(temporary, target);
}

/** Writes a file to the very disk: the folder gets its name only when all of it is there. */
async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await Deno.open(path, { create: true, write: true });
  try {
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
    await file.sync();
  } finally {
    file.close();
  }
}

/** Labels of all batches at once; pixels from the files again when they are asked for. */
async function openBatches(
  batches: readonly Batch[],
  { set, which, classNames }: CifarDataset,
): Promise<OpenDataset> {
  const parts: Uint8Array[] = [];
  for (const { source, records, bytes } of batches) {
    parts.push(cifarLabels(await bytes(), { set, source, records, which }));
  }
  const labels = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  const starts = parts.map((part, b) => {
    const start = parts.slice(0, b).reduce((sum, { length }) => sum + length, 0);
    labels.set(part, start);
    return start;
  });
  return {
    labels,
    classNames,
    readsMany: true,
    async read(indices) {
      const pixels = new Uint8Array(indices.length * cifarValues);
      for (const [b, batch] of batches.entries()) {
        const [start, end] = [starts[b]!, starts[b]! + parts[b]!.length];
        if (!indices.some((index) => index >= start && index < end)) continue;
        const bytes = await batch.bytes();
        checkCifarSize(bytes.length, { set, source: batch.source, records: parts[b]!.length });
        indices.forEach((index, i) => {
          if (index < start || index >= end) return;
          pixels.set(cifarPixels(bytes, index - start, set), i * cifarValues);
        });
      }
      return { pixels, shape: [indices.length, 32, 32, 3] as const };
    },
  };
}

type Finding = Pick<DatasetRequest, "split" | "maxBytes"> & { readonly dataset: CifarDataset };

async function findBatches(path: string, finding: Finding): Promise<readonly Batch[]> {
  const { dataset: { set } } = finding;
  if (await kindOf(path) === "folder") return await searchBatches(path, finding);
  const kind = await fileKind(path);
  if (kind === "zip") return await searchBatches(path, finding);
  return kind === "tar" ? await archiveBatches(path, finding) : [await fileBatch(path, { set })];
}

/** The batches below a folder or in a zip archive, or in an archive below the folder. */
async function searchBatches(path: string, finding: Finding): Promise<readonly Batch[]> {
  const { split, maxBytes = pickleBytes, dataset } = finding;
  const { set, name, binary, python, records } = dataset;
  const isFolder = await kindOf(path) === "folder";
  const versions = [binary, python];
  const wanted = new Set(versions.flatMap(({ archive, files }) => [archive, ...files[split]]));
  const { files } = await searchFiles(path, {
    ...{ wanted: (each) => wanted.has(each), maxDepth: 4, maxBytes },
  });
  const byPath = new Map(files.map((file) => [file.path, file]));
  const folders = filesByFolder(files);
  // Batches before archives, which would have to be unpacked; the binary version before the other.
  for (const { files: { [split]: official } } of versions) {
    const whole = [...folders].filter(([, inside]) => official.every((each) => inside.has(each)));
    if (whole.length === 0) continue;
    const [folder] = onlyOne(whole.map(([folder]) => folder), { path, name });
    const expected = official === binary.files[split] ? records[split] : undefined;
    return await Promise.all(
      official.map((each) =>
        isFolder
          ? fileBatch(join(path, folder, each), { set, records: expected })
          : zippedBatch(byPath.get(folder + each)!, { set, records: expected })
      ),
    );
  }
  for (const { archive } of versions) {
    const holding = [...folders].filter(([, inside]) => inside.has(archive));
    if (holding.length === 0 || !isFolder) continue;
    const [folder] = onlyOne(holding.map(([folder]) => folder), { path, name });
    return await archiveBatches(join(path, folder, archive), finding);
  }
  const others = isFolder
    ? (await listFolder(path)).map(({ name }) => name)
      .filter((each) => each.startsWith(split) && each.endsWith(".bin"))
    : [];
  checkNoneMissing(folders, { path, finding });
  if (others.length > 0) {
    return await Promise.all(others.map((each) => fileBatch(join(path, each), { set })));
  }
  throw new DataFormatError(
    path,
    `no ${binary.files[split][0]} in this folder or below, nor ${
      python.files[split][0]
    } of the Python ` +
      `version, nor ${binary.archive} or ${python.archive}`,
    { remedy: (say) => say.fetch(name) },
  );
}

/** Names of files by the folder that they lie in, which ends with "/" unless it is the searched one. */
function filesByFolder(files: readonly FoundFile[]): ReadonlyMap<string, ReadonlySet<string>> {
  const folders = new Map<string, Set<string>>();
  for (const { path } of files) {
    const at = path.lastIndexOf("/") + 1;
    const folder = path.slice(0, at);
    folders.set(folder, (folders.get(folder) ?? new Set()).add(path.slice(at)));
  }
  return folders;
}

/** Refuses a folder that has some batches of a version, but not all. */
function checkNoneMissing(
  folders: ReadonlyMap<string, ReadonlySet<string>>,
  { path, finding: { split, dataset: { binary, python } } }: {
    readonly path: string;
    readonly finding: Finding;
  },
): void {
  for (const { files: { [split]: official } } of [binary, python]) {
    for (const [folder, inside] of folders) {
      if (!official.some((each) => inside.has(each))) continue;
      const missing = official.filter((each) => !inside.has(each)).join(", ");
      throw new DataFormatError(join(path, folder), `${missing} is missing in this folder`);
    }
  }
}

/** A file of either version in a zip archive, which is read as a whole. */
function zippedBatch(
  file: FoundFile,
  { set, records }: { readonly set: CifarSet; readonly records: number | undefined },
): Batch {
  const { source } = file;
  return {
    source,
    records,
    async bytes() {
      const bytes = await file.read();
      return isPickle(bytes) ? cifarPythonRecords(bytes, { set, source, records }) : bytes;
    },
  };
}

/** The uppermost of several folders that hold the same; two at one level could both be meant. */
function onlyOne(
  folders: readonly string[],
  { path, name }: { readonly path: string; readonly name: string },
): readonly [string] {
  const depth = (folder: string) => folder.split("/").length;
  const [first, second] = folders.toSorted((a, b) => depth(a) - depth(b));
  if (second !== undefined && depth(first!) === depth(second)) {
    throw new DataFormatError(path, `both ${quoted(first)} and ${quoted(second)} hold ${name}`, {
      remedy: (say) => `name one of these folders with ${say.option("from")}`,
    });
  }
  return [first!];
}

/** A file of either version, told apart by its first bytes. */
async function fileBatch(
  path: string,
  { set, records }: { readonly set: CifarSet; readonly records?: number | undefined },
): Promise<Batch> {
  const head = await withFile(path, (file) => file.read(0, 2));
  if (isPickle(head)) {
    return {
      source: path,
      records,
      bytes: async () =>
        cifarPythonRecords(await readRegularFile(path, { maxBytes: pickleBytes }), {
          ...{ set, source: path, records },
        }),
    };
  }
  return {
    source: path,
    records,
    async bytes() {
      // Before all of it is read: it may be gigabytes of something else.
      const size = await withFile(path, (file) => file.size());
      checkCifarSize(size, { set, source: path, records });
      return await readRegularFile(path);
    },
  };
}

/** Batches out of an archive of either version, which stay in memory: decompressing again would cost more. */
async function archiveBatches(
  path: string,
  { dataset, split, maxBytes }: Finding,
): Promise<Batch[]> {
  const { set, binary, python, records } = dataset;
  const names = [binary, python].map(({ files }) => files[split]);
  const found = new Map<string, { readonly source: string; readonly bytes: Uint8Array }>();
  for await (const { name, bytes } of await openArchive(path, names.flat(), maxBytes)) {
    const batch = basename(name);
    if (found.has(batch)) throw new DataFormatError(path, `it has two files ${batch}`);
    found.set(batch, { source: `${path}/${name}`, bytes });
  }
  const official = names.find((each) => each.every((name) => found.has(name)));
  if (official === undefined) {
    const [least] = names.map((each) => each.filter((name) => !found.has(name)))
      .toSorted((a, b) => a.length - b.length);
    throw new DataFormatError(path, `no ${least!.join(", ")} in this archive`);
  }
  return official.map((name) => {
    const { source, bytes } = found.get(name)!;
    return official === names[0]
      ? { source, records: records[split], bytes: () => Promise.resolve(bytes) }
      : {
        ...{ source, records: undefined },
        bytes: () => Promise.resolve(cifarPythonRecords(bytes, { set, source })),
      };
  });
}

async function openArchive(path: string, names: readonly string[], maxBytes = archiveBytes) {
  return readTar(await streamFile(path), {
    source: path,
    maxBytes,
    wanted: (name) => names.includes(basename(name)),
  });
}

/** What a file is by its first bytes: a tar archive, plain or gzip, a zip archive, or a batch. */
async function fileKind(path: string): Promise<"tar" | "zip" | "batch"> {
  const head = await withFile(path, (file) => file.read(0, 262));
  const isTar = String.fromCharCode(...head.subarray(257)) === "ustar";
  if (isTar || head[0] === 0x1f && head[1] === 0x8b) return "tar";
  return head[0] === 0x50 && head[1] === 0x4b ? "zip" : "batch";
}
