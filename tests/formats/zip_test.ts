import { assert, assertEquals, assertThrows } from "@std/assert";
import { zipSync } from "fflate";
import { DataFormatError, ReadLimitError } from "../../src/core/errors.ts";
import { readZipDirectory, readZipEntry, writeZip, type ZipEntry } from "../../src/formats/zip.ts";

const text = (content: string) => new TextEncoder().encode(content);
const files = new Map([["a/one", text("1, 2, 3")], ["a/empty", text("")], ["a/ü", text("x")]]);

function contents(bytes: Uint8Array): Map<string, Uint8Array> {
  return new Map(
    [...readZipDirectory(bytes)].map(([name, entry]) => [name, readZipEntry(bytes, entry)]),
  );
}

/** A copy with some bytes changed. */
function patched(bytes: Uint8Array, at: number, ...values: number[]): Uint8Array {
  const out = bytes.slice();
  out.set(values, at);
  return out;
}

function complaint(bytes: Uint8Array): string {
  const { message } = assertThrows(() => contents(bytes), DataFormatError);
  assert(!message.includes("\n"), message);
  return message;
}

Deno.test("zip: stored files come back, and the same files give the same bytes", () => {
  const bytes = writeZip(files);
  assertEquals(contents(bytes), files);
  assertEquals(writeZip(files), bytes);
});

Deno.test("zip: deflated files, views into larger buffers and comments at the end are read", () => {
  const long = text("abc".repeat(5000));
  const packed = zipSync({ long, "a/two": text("2") }, { level: 9, comment: "PK\x05\x06 not yet" });
  const inside = new Uint8Array(packed.length + 7);
  inside.set(packed, 7);
  const found = contents(inside.subarray(7));
  assertEquals(found.get("long"), long);
  assertEquals(found.get("a/two"), text("2"));
});

Deno.test("zip: truncation at any byte is noticed", () => {
  const bytes = writeZip(files);
  for (let length = 0; length < bytes.length; length++) complaint(bytes.subarray(0, length));
});

Deno.test("zip: damaged contents are noticed by their CRC-32", () => {
  const bytes = writeZip(files);
  const { offset } = readZipDirectory(bytes).get("a/one")!;
  const message = complaint(patched(bytes, offset, 0x39));
  assert(message.includes('"a/one" is damaged') && message.includes(`byte ${offset}`), message);
});

Deno.test("zip: bombs, encryption, foreign methods and wrong places are refused by name", () => {
  const bytes = zipSync({ a: new Uint8Array(100_000) });
  const { offset } = readZipDirectory(bytes).get("a")!;
  const directory = bytes.length - 22 - 47;
  assertEquals([...bytes.subarray(directory, directory + 2)], [0x50, 0x4b]);
  const cases: [Uint8Array, string][] = [
    [patched(bytes, directory + 24, 0, 0, 0, 0x70), "not to be trusted"],
    [patched(bytes, directory + 24, 1, 0, 0, 0), 'size or checksum of "a" is one in the zip'],
    [patched(patched(bytes, directory + 24, 1, 0, 0, 0), 22, 1, 0, 0, 0), "unpacks to more bytes"],
    [patched(bytes, 30, 0x62), 'the name of "a" is one in the zip directory and another'],
    [patched(bytes, 8, 0), 'the method of "a" is one in the zip directory and another'],
    [patched(bytes, 6, 8), 'the kind of "a" is one in the zip directory and another'],
    [patched(bytes, directory + 8, 1), '"a" is encrypted'],
    [patched(patched(bytes, directory + 10, 12), 8, 12), "method 12"],
    [patched(bytes, directory + 42, 0xff), "no file begins there"],
    [patched(bytes, 0, 3), "no file begins there"],
    [patched(bytes, directory + 20, 0xff, 0xff), "the archive holds fewer"],
    [patched(bytes, directory, 0), "entry 1 of 1 does not begin here"],
    [patched(bytes, directory + 28, 0xff), "the zip directory is damaged: entry 1 is cut off"],
    [patched(bytes, bytes.length - 14, 9, 0, 9), "directory of 9 entries should lie"],
    [patched(bytes, bytes.length - 6, 9), "entries should lie at byte 9"],
    [patched(bytes, bytes.length - 18, 1), "one part of several"],
    [patched(bytes, offset, 7), "does not unpack"],
  ];
  for (const [damaged, expected] of cases) {
    const message = complaint(damaged);
    assert(message.includes(expected), `${expected}: ${message}`);
  }
});

Deno.test("zip: two files that share bytes are refused", () => {
  const bytes = writeZip(new Map([["a", text("1")], ["b", text("1")]]));
  const [first, second] = [...readZipDirectory(bytes).values()] as [ZipEntry, ZipEntry];
  const directory = bytes.length - 22 - 2 * 47;
  assertEquals(first.headerAt, 0);
  // The second entry of the directory points to the first file.
  const shared = complaint(patched(bytes, directory + 47 + 42, 0));
  assert(shared.includes('"a" and "b" overlap'), shared);
  assert(second.headerAt > 0);
});

Deno.test("zip: more entries than allowed are refused before they are read", () => {
  const bytes = writeZip(files);
  assertThrows(() => readZipDirectory(bytes, { maxItems: 2 }), ReadLimitError, "maxItems");
});
