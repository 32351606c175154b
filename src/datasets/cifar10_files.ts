import { basename, join } from "@std/path";
import { DataFormatError } from "../core/errors.ts";
import { readRegularFile } from "../core/file_system.ts";
import { checkCifar10Size, cifar10ClassNames, cifar10Labels, cifar10Pixels } from "./cifar10.ts";
import { downloadsFolder, listFolder, locateDataset } from "./locate_files.ts";
import { kindOf, streamFile, withFile } from "./open_files.ts";
import type { DatasetRequest, DatasetSource, OpenDataset, Split } from "./source.ts";
import { readTar } from "./tar.ts";

const archiveName = "cifar-10-binary.tar.gz";
const batchFolder = "cifar-10-batches-bin";
const officialRecords = 10_000;
/** What the archive unpacks to, 184 MB, and slack. */
const archiveBytes = 250e6;
const folders = [join(downloadsFolder(), "cifar10")];

/** Names of the official files of a split. */
const batchNames: Readonly<Record<Split, readonly string[]>> = {
  train: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`),
  test: ["test_batch.bin"],
};

/** One file of records; its bytes are read when they are needed, and may be read again. */
interface Batch {
  readonly source: string;
  /** How many records there must be; undefined: any number. */
  readonly records: number | undefined;
  bytes(): Promise<Uint8Array>;
}

/**
 * CIFAR-10 (Krizhevsky 2009): its binary version as `deno task data` put it, a folder of its batches,
 * the archive itself, or any file of records in the same format.
 */
export const cifar10Source: DatasetSource = {
  name: "cifar10",
  about: {
    what: "photographs of animals and vehicles, 50,000 + 10,000, color, 32 x 32, 10 classes",
    license: "none stated; the authors ask to cite Krizhevsky 2009",
    page: "https://www.cs.toronto.edu/~kriz/cifar.html",
  },
  folders,
  archive: {
    files: [{
      name: archiveName,
      url: `https://www.cs.toronto.edu/~kriz/${archiveName}`,
      bytes: 170_052_171,
      checksum: {
        algorithm: "sha256",
        hex: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
      },
    }],
    async unpack([archive], { folder, abort, onProgress }) {
      const names = [...batchNames.train, ...batchNames.test];
      const target = join(folder, batchFolder);
      const source = archive!;
      const temporary = `${target}.part`;
      await Deno.remove(temporary, { recursive: true }).catch(() => {});
      await Deno.mkdir(temporary);
      const done = new Set<string>();
      for await (const { name, bytes } of await openArchive(source, names)) {
        abort?.throwIfAborted();
        const batch = basename(name);
        if (done.has(batch)) throw new DataFormatError(source, `it has two files ${batch}`);
        cifar10Labels(bytes, { source: `${source}/${name}`, records: officialRecords });
        await writeSynced(join(temporary, batch), bytes);
        done.add(batch);
        onProgress?.(done.size, names.length);
      }
      const missing = names.filter((name) => !done.has(name));
      if (missing.length > 0) {
        throw new DataFormatError(source, `no ${missing.join(", ")} in this archive`);
      }
      await Deno.remove(target, { recursive: true }).catch(() => {});
      await Deno.rename(temporary, target);
    },
  },
  async open(request) {
    const path = await locateDataset("cifar10", { from: request.from, folders });
    return await openBatches(await findBatches(path, request));
  },
};

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
async function openBatches(batches: readonly Batch[]): Promise<OpenDataset> {
  const parts: Uint8Array[] = [];
  for (const { source, records, bytes } of batches) {
    parts.push(cifar10Labels(await bytes(), { source, records }));
  }
  const labels = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  const starts = parts.map((part, b) => {
    const start = parts.slice(0, b).reduce((sum, { length }) => sum + length, 0);
    labels.set(part, start);
    return start;
  });
  return {
    labels,
    classNames: cifar10ClassNames,
    async read(indices) {
      const pixels = new Uint8Array(indices.length * 3072);
      for (const [b, batch] of batches.entries()) {
        const [start, end] = [starts[b]!, starts[b]! + parts[b]!.length];
        if (!indices.some((index) => index >= start && index < end)) continue;
        const bytes = await batch.bytes();
        checkCifar10Size(bytes.length, { source: batch.source, records: parts[b]!.length });
        indices.forEach((index, i) => {
          if (index < start || index >= end) return;
          pixels.set(cifar10Pixels(bytes, index - start), i * 3072);
        });
      }
      return { pixels, shape: [indices.length, 32, 32, 3] as const };
    },
  };
}

async function findBatches(path: string, request: DatasetRequest): Promise<readonly Batch[]> {
  const { split } = request;
  if (await kindOf(path) === "file") {
    return await isGzip(path) ? await archiveBatches(path, request) : [fileBatch(path)];
  }
  const names = (await listFolder(path)).map(({ name }) => name);
  const official = batchNames[split];
  const missing = official.filter((name) => !names.includes(name));
  if (missing.length === 0) {
    return official.map((name) => fileBatch(join(path, name), officialRecords));
  }
  if (missing.length < official.length) {
    throw new DataFormatError(path, `${missing.join(", ")} is missing in this folder`);
  }
  if (names.includes(batchFolder)) return await findBatches(join(path, batchFolder), request);
  if (names.includes(archiveName)) return await archiveBatches(join(path, archiveName), request);
  const others = names.filter((name) => name.startsWith(split) && name.endsWith(".bin"));
  if (others.length > 0) return others.map((name) => fileBatch(join(path, name)));
  const python = names.includes("cifar-10-batches-py") || names.includes("data_batch_1");
  throw new DataFormatError(
    path,
    `${
      python ? "this is CIFAR-10's Python version" : `no ${official[0]} in this folder`
    }, expected the binary version: ${official.join(", ")}, or ${archiveName}`,
    { remedy: (say) => say.fetch("cifar10") },
  );
}

function fileBatch(path: string, records?: number): Batch {
  return {
    source: path,
    records,
    async bytes() {
      // Before all of it is read: it may be gigabytes of something else.
      const size = await withFile(path, (file) => file.size());
      checkCifar10Size(size, { source: path, records });
      return await readRegularFile(path);
    },
  };
}

/** Batches out of the archive, which stay in memory: decompressing again would cost more. */
async function archiveBatches(
  path: string,
  { split, maxBytes }: DatasetRequest,
): Promise<Batch[]> {
  const found = new Map<string, Uint8Array>();
  for await (const { name, bytes } of await openArchive(path, batchNames[split], maxBytes)) {
    const batch = basename(name);
    if (found.has(batch)) throw new DataFormatError(path, `it has two files ${batch}`);
    found.set(batch, bytes);
  }
  return batchNames[split].map((name) => {
    const bytes = found.get(name);
    if (bytes === undefined) throw new DataFormatError(path, `no ${name} in this archive`);
    const source = `${path}/${name}`;
    return { source, records: officialRecords, bytes: () => Promise.resolve(bytes) };
  });
}

async function openArchive(path: string, names: readonly string[], maxBytes = archiveBytes) {
  return readTar(await streamFile(path), {
    source: path,
    maxBytes,
    wanted: (name) => names.includes(basename(name)),
  });
}

async function isGzip(path: string): Promise<boolean> {
  const head = await withFile(path, (file) => file.read(0, 2));
  return head[0] === 0x1f && head[1] === 0x8b;
}
