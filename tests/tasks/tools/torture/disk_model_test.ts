/** The disk behind power cuts: what was synced stays, what was not may be lost in any of the known ways. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { Random } from "../../../../src/core/random.ts";
import { writeFileAtomic } from "../../../../src/runs/atomic_write.ts";
import { writeKept } from "../../../../src/runs/kept_file.ts";
import {
  StoreFile,
  type StoreOperation,
  syncFolder,
  watchStore,
} from "../../../../src/runs/store_file.ts";
import { DiskModel } from "../../../../tasks/tools/torture/disk_model.ts";
import { filesOf } from "../../../../tasks/tools/torture/trials.ts";

/** Does something in a folder of its own, and hands on what the store did. */
async function traced(
  work: (folder: string) => Promise<void>,
  use: (disk: DiskModel, folder: string, operations: readonly StoreOperation[]) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const operations: StoreOperation[] = [];
    {
      using _ = watchStore((operation) => void operations.push(operation));
      await work(folder);
    }
    await use(new DiskModel(folder), folder, operations);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Files of a folder with their text. */
async function texts(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of await filesOf(folder)) {
    found[name] = await Deno.readTextFile(join(folder, name));
  }
  return found;
}

Deno.test("disk model: without a loss it shows what the folder shows, after every operation", () =>
  traced(async (folder) => {
    await writeFileAtomic(join(folder, "a"), "one");
    await writeKept(join(folder, "a"), "two");
    await writeKept(join(folder, "a"), "three");
    const file = await StoreFile.create(join(folder, "log"));
    file.writeAt(0, new TextEncoder().encode("0123456789"));
    file.writeAt(4, new TextEncoder().encode("xy"));
    file.truncate(8);
    file[Symbol.dispose]();
  }, async (disk, folder, operations) => {
    for (const operation of operations) disk.apply(operation);
    const copy = `${folder}/copy`;
    await disk.materialize(copy, { loss: "nothing", random: new Random(1) });
    assertEquals(await texts(copy), { ".a.previous": "two", "a": "three", "log": "0123xy67" });
  }));

Deno.test("disk model: an atomic write is there whole or not at all, whenever the power goes", () =>
  traced(async (folder) => {
    await writeFileAtomic(join(folder, "a"), "the old content");
    await writeFileAtomic(join(folder, "a"), "new");
  }, async (_disk, folder, operations) => {
    const seen = new Set<string | undefined>();
    for (let count = 0; count <= operations.length; count++) {
      for (let seed = 0; seed < 12; seed++) {
        const disk = new DiskModel(folder);
        for (const operation of operations.slice(0, count)) disk.apply(operation);
        const copy = `${folder}/copy-${count}-${seed}`;
        await disk.materialize(copy, { loss: "something", random: new Random(seed) });
        seen.add((await texts(copy))["a"]);
        await Deno.remove(copy, { recursive: true });
      }
    }
    assertEquals(seen, new Set([undefined, "the old content", "new"]));
  }));

Deno.test("disk model: what is written without syncs may be empty, cut, zeros, or missing", () =>
  traced(async (folder) => {
    // As a program does it that trusts in a rename alone.
    const file = await StoreFile.create(join(folder, "state"));
    file.writeAt(0, new TextEncoder().encode("a state of some length"));
    file[Symbol.dispose]();
  }, async (disk, folder, operations) => {
    for (const operation of operations) disk.apply(operation);
    const seen = new Set<string | undefined>();
    for (let seed = 0; seed < 100; seed++) {
      const copy = `${folder}/copy-${seed}`;
      await disk.materialize(copy, { loss: "something", random: new Random(seed) });
      seen.add((await texts(copy))["state"]);
    }
    assert(seen.has(undefined), "without the folder's sync there may be no name");
    assert(seen.has(""), "without the file's sync there may be nothing in it");
    const kinds = [...seen].filter((text) => text !== undefined);
    assert(kinds.some((text) => text.endsWith("\0")), "zeros");
    assert(kinds.some((text) => text.length > 0 && text.length < 22), "cut");
  }));

Deno.test("disk model: a folder's names come in the order in which they were given", () =>
  traced(async (folder) => {
    for (const name of ["a", "b", "c"]) {
      (await StoreFile.create(join(folder, name)))[Symbol.dispose]();
    }
    await syncFolder(folder);
    for (const name of ["d", "e"]) (await StoreFile.create(join(folder, name)))[Symbol.dispose]();
  }, async (disk, folder, operations) => {
    for (const operation of operations) disk.apply(operation);
    const seen = new Set<string>();
    for (let seed = 0; seed < 30; seed++) {
      const copy = `${folder}/copy-${seed}`;
      await disk.materialize(copy, { loss: "something", random: new Random(seed) });
      seen.add((await filesOf(copy)).join(""));
    }
    assertEquals(seen, new Set(["abc", "abcd", "abcde"]));
  }));
