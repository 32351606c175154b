import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { DataFormatError, ReadLimitError } from "../../src/core/errors.ts";
import { openZip } from "../../src/datasets/zip_files.ts";
import { inFolder } from "./folder.ts";
import { zipArchive } from "./zip.ts";

const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => (i * i) % 251);
const files = [["a/one.bin", bytes(3000)], ["a/", bytes(0)], ["ü.bin", bytes(1)], [
  "none",
  bytes(0),
]] as const;

async function contents(path: string): Promise<[string, Uint8Array][]> {
  const { entries, read } = await openZip(path);
  const found: [string, Uint8Array][] = [];
  for (const entry of entries) found.push([entry.name, await read(entry)]);
  return found;
}

Deno.test("zip: files come out, stored or deflated, with and without zip64", () =>
  inFolder(async (folder) => {
    const path = join(folder, "x.zip");
    const expected = files.filter(([name]) => name !== "a/").map(([n, b]) => [n, b]);
    for (const options of [{}, { stored: true }, { wide: true }, { stored: true, wide: true }]) {
      await Deno.writeFile(path, zipArchive(files, options));
      assertEquals(await contents(path), expected as [string, Uint8Array][]);
    }
  }));

Deno.test("zip: an archive made by another program is read", async () => {
  const script = "import sys, zipfile\n" +
    "with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED) as z:\n" +
    "    z.comment = b'made elsewhere'\n" +
    "    for i in range(70000): z.writestr(f'd/{i}', str(i) * (i == 69999 and 999 or 1))\n";
  await inFolder(async (folder) => {
    const path = join(folder, "x.zip");
    const python = new Deno.Command("python3", { args: ["-c", script, path] });
    const made = await python.output().catch(() => undefined);
    if (!made?.success) {
      console.log("left out: python3 is not here to make an archive of 70,000 files");
      return;
    }
    const { entries, read } = await openZip(path);
    assertEquals(entries.length, 70_000);
    assertEquals(new TextDecoder().decode(await read(entries[69_999]!)), "69999".repeat(999));
  });
});

Deno.test("zip: truncated anywhere, or damaged, it is a DataFormatError", () =>
  inFolder(async (folder) => {
    const path = join(folder, "x.zip");
    const whole = zipArchive(files);
    for (let length = 0; length < whole.length; length += 13) {
      await Deno.writeFile(path, whole.subarray(0, length));
      await assertRejects(() => contents(path), DataFormatError, "x.zip");
    }
    const damage: [number, string][] = [
      [0, "no file begins there"],
      [6, "encrypted"],
      [60, ""],
    ];
    for (const [at, message] of damage) {
      await Deno.writeFile(path, whole.with(at, whole[at]! ^ 1));
      await assertRejects(() => contents(path), DataFormatError, message);
    }
    const stored = zipArchive(files, { stored: true });
    await Deno.writeFile(path, stored.with(100, stored[100]! ^ 1));
    await assertRejects(() => contents(path), DataFormatError, "checksum is wrong");
  }));

Deno.test("zip: a file that unpacks to more than allowed is refused before it is unpacked", () =>
  inFolder(async (folder) => {
    const path = join(folder, "x.zip");
    await Deno.writeFile(path, zipArchive([["zeros.bin", new Uint8Array(40e6)]]));
    const [first] = (await openZip(path)).entries;
    const usual = await openZip(path);
    const error = await assertRejects(() => usual.read(first!), ReadLimitError, "x.zip/zeros.bin");
    assertEquals([error.limit, error.needed], ["maxBytes", 40e6]);
    assertEquals((await (await openZip(path, { maxBytes: 40e6 })).read(first!)).length, 40e6);
    await assertRejects(() => openZip(path, { maxItems: 0 }), ReadLimitError, "maxItems");
  }));
