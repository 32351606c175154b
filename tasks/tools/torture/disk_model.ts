/**
 * A disk that may be cut off: from the operations that a store was seen to do it makes the files that a file
 * system may show afterwards. What was synced is there. Of what was not, file systems promise little: bytes
 * may be missing, or zeros, in any file; names appear in the order in which they were given.
 */
import { join } from "@std/path";
import type { Random } from "../../../src/core/random.ts";
import type { StoreOperation } from "../../../src/runs/store_file.ts";

/** A file: what programs see, and what the disk has for certain. */
interface File {
  readonly kind: "file";
  content: Uint8Array;
  durable: Uint8Array;
  /** Writings since the last sync; undefined: the file was cut. */
  pending: ({ readonly offset: number; readonly bytes: Uint8Array } | undefined)[];
}

/** A folder: its names as programs see them, and changes of them that the disk may lack. */
interface Folder {
  readonly kind: "folder";
  readonly names: Map<string, Node>;
  readonly durable: Map<string, Node>;
  pending: (readonly (readonly [name: string, node: Node | undefined])[])[];
}

type Node = File | Folder;

const newFolder = (): Folder => ({
  kind: "folder",
  names: new Map(),
  durable: new Map(),
  pending: [],
});

/** Bytes that a disk writes together. */
const SECTOR = 512;

/** How much of what is not synced a cut leaves. */
export type Loss = "nothing" | "something";

/** The model of a folder that operations work on. */
export class DiskModel {
  readonly #root = newFolder();
  readonly #path: string;

  /** Begins with a folder that is empty. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Does an operation. */
  apply(operation: StoreOperation): void {
    const { folder, name } = this.#find(operation.path);
    const change = (...changes: [string, Node | undefined][]) => {
      for (const [name, node] of changes) {
        if (node === undefined) folder.names.delete(name);
        else folder.names.set(name, node);
      }
      folder.pending.push(changes);
    };
    switch (operation.kind) {
      case "makeFolder":
        return change([name, newFolder()]);
      case "create": {
        const empty = new Uint8Array();
        return change([name, { kind: "file", content: empty, durable: empty, pending: [] }]);
      }
      case "remove":
        return change([name, undefined]);
      case "rename":
      case "link": {
        const target = this.#find(operation.to);
        if (target.folder !== folder) throw new Error(`Cannot follow ${operation.path} elsewhere`);
        const node = folder.names.get(name);
        // Two names of one file: nothing is renamed.
        const same = operation.kind === "rename" && folder.names.get(target.name) === node;
        if (node === undefined || same) return;
        if (operation.kind === "link") return change([target.name, node]);
        return change([name, undefined], [target.name, node]);
      }
      case "write": {
        const { offset, bytes } = operation;
        const file = this.#file(folder, name);
        file.content = written(file.content, { offset, bytes: bytes.slice() });
        file.pending.push({ offset, bytes: bytes.slice() });
        return;
      }
      case "truncate": {
        const file = this.#file(folder, name);
        const content = new Uint8Array(operation.length);
        content.set(file.content.subarray(0, operation.length));
        file.content = content;
        file.pending.push(undefined);
        return;
      }
      case "sync": {
        const file = this.#file(folder, name);
        file.durable = file.content;
        file.pending = [];
        return;
      }
      case "syncFolder": {
        const synced = operation.path === this.#path
          ? this.#root
          : folder.names.get(name) as Folder | undefined;
        // The folder around the model is none of its own.
        if (synced === undefined) return;
        synced.durable.clear();
        for (const [name, node] of synced.names) synced.durable.set(name, node);
        synced.pending = [];
      }
    }
  }

  /** Writes the files after a cut into a folder: all of them, or as a file system may lose some. */
  async materialize(
    into: string,
    { loss, random }: { readonly loss: Loss; readonly random: Random },
  ): Promise<void> {
    await materialize(this.#root, into, { loss, random });
  }

  #find(path: string): { folder: Folder; name: string } {
    const parts = path.slice(this.#path.length).split(/[\\/]/).filter((part) => part !== "");
    const name = parts.pop() ?? "";
    let folder = this.#root;
    for (const part of parts) {
      const next = folder.names.get(part);
      if (next?.kind !== "folder") throw new Error(`Cannot follow ${path}: ${part} is no folder`);
      folder = next;
    }
    return { folder, name };
  }

  #file(folder: Folder, name: string): File {
    const node = folder.names.get(name);
    if (node?.kind !== "file") throw new Error(`Cannot follow ${name}: there is no such file`);
    return node;
  }
}

async function materialize(
  folder: Folder,
  into: string,
  { loss, random }: { readonly loss: Loss; readonly random: Random },
): Promise<void> {
  await Deno.mkdir(into, { recursive: true });
  const names = loss === "nothing" ? folder.names : new Map(folder.durable);
  if (loss === "something") {
    for (const changes of folder.pending.slice(0, random.integer(folder.pending.length + 1))) {
      for (const [name, node] of changes) {
        if (node === undefined) names.delete(name);
        else names.set(name, node);
      }
    }
  }
  for (const [name, node] of names) {
    const path = join(into, name);
    if (node.kind === "folder") await materialize(node, path, { loss, random });
    else await Deno.writeFile(path, loss === "nothing" ? node.content : afterCut(node, random));
  }
}

/** What a file may hold after a cut. */
function afterCut({ content, durable, pending }: File, random: Random): Uint8Array {
  if (pending.length === 0) return durable;
  const choice = random.integer(5);
  if (choice === 0) return durable;
  if (choice === 1) return content;
  // Its new length, but zeros in place of its last bytes.
  if (choice === 2) {
    return content.slice().fill(0, Math.min(content.length, random.integer(content.length + 1)));
  }
  if (choice === 3) return content.slice(0, random.integer(content.length + 1));
  // Some writings, of the last a part.
  let bytes = durable;
  for (const write of pending) {
    if (write === undefined || random.integer(2) === 0) continue;
    const sectors = Math.ceil(write.bytes.length / SECTOR);
    const kept = write.bytes.subarray(0, SECTOR * random.integer(sectors + 1));
    bytes = written(bytes, { offset: write.offset, bytes: kept });
  }
  return bytes;
}

function written(
  before: Uint8Array,
  { offset, bytes }: { readonly offset: number; readonly bytes: Uint8Array },
): Uint8Array {
  const after = new Uint8Array(Math.max(before.length, offset + bytes.length));
  after.set(before);
  after.set(bytes, offset);
  return after;
}
