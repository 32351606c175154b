import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { packRecords } from "../../src/datasets/pack_records_files.ts";
import { inFolder } from "./folder.ts";

const recordBytes = 5;
const count = 10_000;
const records = (start: number, end: number) =>
  Uint8Array.from(
    { length: (end - start) * recordBytes },
    (_, i) => (start * recordBytes + i) * 31 + 7 & 255,
  );

/** Packs; gives up when so many records are written. Returns the number that it began with. */
async function pack(target: string, { until = Infinity } = {}): Promise<number> {
  const abort = new AbortController();
  let first: number | undefined;
  await packRecords(count, {
    ...{ target, recordBytes, abort: abort.signal },
    read: (start, end) => Promise.resolve(records(start, end)),
    onProgress(done) {
      first ??= done;
      if (done >= until) abort.abort(new DOMException("Interrupted", "AbortError"));
    },
  }).catch((error) => {
    if (error.name !== "AbortError") throw error;
  });
  return first!;
}

Deno.test("pack records: stopped and gone on with, the file is that of an undisturbed run", () =>
  inFolder(async (folder) => {
    const target = join(folder, "set.bin");
    assertEquals(await pack(target, { until: 5000 }), 0);
    assertEquals(await pack(target, { until: 8000 }), 5120);
    assertEquals(await pack(target), 8192);
    assertEquals(await Deno.readFile(target), records(0, count));
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["set.bin"]);
  }));

Deno.test("pack records: whatever a power cut leaves, the file is that of an undisturbed run", () =>
  inFolder(async (folder) => {
    const target = join(folder, "set.bin");
    const [part, mark] = [`${target}.part`, `${target}.mark`];
    const damages: [what: string, first: number, damage: () => Promise<void>][] = [
      ["records after the mark are zeros", 5120, async () => {
        await Deno.truncate(part, 5120 * recordBytes);
        await Deno.truncate(part, 7000 * recordBytes);
      }],
      ["records before the mark are zeros", 0, async () => {
        await Deno.truncate(part, 5000 * recordBytes);
        await Deno.truncate(part, 7000 * recordBytes);
      }],
      ["the file is cut", 0, () => Deno.truncate(part, 4000 * recordBytes)],
      ["the mark is empty", 0, () => Deno.truncate(mark)],
      ["the mark is zeros", 0, () => Deno.writeFile(mark, new Uint8Array(70))],
      ["the mark is missing", 0, () => Deno.remove(mark)],
      ["the file is missing", 0, () => Deno.remove(part)],
      ["nothing is damaged", 5120, () => Promise.resolve()],
    ];
    for (const [what, first, damage] of damages) {
      assertEquals(await pack(target, { until: 5000 }), 0, what);
      await damage();
      assertEquals(await pack(target), first, what);
      assertEquals(await Deno.readFile(target), records(0, count), what);
      await Deno.remove(target);
    }
  }));

Deno.test("pack records: an error of the reader passes, and what is there stays", () =>
  inFolder(async (folder) => {
    const target = join(folder, "set.bin");
    const fails = packRecords(count, {
      ...{ target, recordBytes },
      read: (start, end) =>
        start < 5000 ? Promise.resolve(records(start, end)) : Promise.reject(new Error("damaged")),
    });
    await assertRejects(() => fails, Error, "damaged");
    // The last mark was made after sixteen rounds of 256.
    assertEquals(await pack(target), 4096);
    assertEquals(await Deno.readFile(target), records(0, count));
  }));
