/**
 * The few operations on files that the store of runs is made of. Each is told, before it is done, to
 * whoever watches: a watcher can keep a trace of them, from which the files after a power cut follow, and
 * one that throws keeps an operation from being done, as a full disk does.
 */
import { dirname } from "@std/path";

/** One operation, about to be done. */
export type StoreOperation =
  | {
    readonly kind: "create" | "sync" | "syncFolder" | "remove" | "makeFolder";
    readonly path: string;
  }
  | {
    readonly kind: "write";
    readonly path: string;
    readonly offset: number;
    readonly bytes: Uint8Array;
  }
  | { readonly kind: "truncate"; readonly path: string; readonly length: number }
  | { readonly kind: "rename" | "link"; readonly path: string; readonly to: string };

let watch: ((operation: StoreOperation) => void) | undefined;

/** Has all operations of this process told to a function until it is disposed of. */
export function watchStore(watcher: (operation: StoreOperation) => void): Disposable {
  const before = watch;
  watch = watcher;
  return { [Symbol.dispose]: () => watch = before };
}

/** A file that is written at places of its own. */
export class StoreFile implements Disposable {
  readonly path: string;
  readonly #file: Deno.FsFile;

  private constructor(path: string, file: Deno.FsFile) {
    this.path = path;
    this.#file = file;
  }

  /** Makes a file that was not there. */
  static async create(path: string): Promise<StoreFile> {
    watch?.({ kind: "create", path });
    return new StoreFile(path, await Deno.open(path, { write: true, read: true, createNew: true }));
  }

  /** Opens a file that is there. */
  static async open(path: string): Promise<StoreFile> {
    return new StoreFile(path, await Deno.open(path, { write: true, read: true }));
  }

  /** Writes bytes from an offset on. */
  writeAt(offset: number, bytes: Uint8Array): void {
    watch?.({ kind: "write", path: this.path, offset, bytes });
    this.#file.seekSync(offset, Deno.SeekMode.Start);
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(this.#file.writeSync(rest));
  }

  /** Cuts the file, or fills it up with zeros. */
  truncate(length: number): void {
    watch?.({ kind: "truncate", path: this.path, length });
    this.#file.truncateSync(length);
  }

  /** Returns once all that was written is on the disk. */
  sync(): void {
    watch?.({ kind: "sync", path: this.path });
    this.#file.syncSync();
  }

  /** Waits until no other holds the file, and holds it until it is closed. */
  async lock(): Promise<void> {
    await this.#file.lock(true);
  }

  /** Number of the user that the file belongs to; null where the system has none. */
  async owner(): Promise<number | null> {
    return (await this.#file.stat()).uid;
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file.close();
  }
}

/** Gives a file or folder another name, in place of what had it. */
export async function renameStored(path: string, to: string): Promise<void> {
  watch?.({ kind: "rename", path, to });
  await Deno.rename(path, to);
}

/** Gives a file a second name. */
export async function linkStored(path: string, to: string): Promise<void> {
  watch?.({ kind: "link", path, to });
  await Deno.link(path, to);
}

/** Removes a file, or a folder without files. */
export async function removeStored(path: string): Promise<void> {
  watch?.({ kind: "remove", path });
  await Deno.remove(path);
}

/** Makes a folder, whose name is durable when this returns. */
export async function makeStoredFolder(path: string): Promise<void> {
  watch?.({ kind: "makeFolder", path });
  await Deno.mkdir(path);
  await syncFolder(dirname(path));
}

/** Numbers of the system's errors where a folder cannot be synced, as on some network file systems. */
const unsupported = /\(os error (1|9|22|38|45|95)\)/;

/** Returns once the names of a folder's files are on the disk, where the system can say so. */
export async function syncFolder(path: string): Promise<void> {
  watch?.({ kind: "syncFolder", path });
  // Windows keeps names by itself, and opens no folder as a file.
  if (Deno.build.os === "windows") return;
  let folder: Deno.FsFile;
  try {
    folder = await Deno.open(path, { read: true });
  } catch (error) {
    // Some programs may only write there.
    if (error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.PermissionDenied) {
      return;
    }
    throw error;
  }
  try {
    await folder.sync();
  } catch (error) {
    if (!(error instanceof Error && unsupported.test(error.message))) throw error;
  } finally {
    folder.close();
  }
}
