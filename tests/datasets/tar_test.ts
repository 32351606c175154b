import { assertEquals, assertRejects } from "@std/assert";
import { DataFormatError, ReadLimitError } from "../../src/core/errors.ts";
import { readTar } from "../../src/datasets/tar.ts";
import { gzip, tarMember } from "./folder.ts";

const bytes = (length: number, seed: number) =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + seed) % 256);
const join = (...parts: Uint8Array[]) => new Uint8Array(parts.flatMap((part) => [...part]));

const archive = join(
  tarMember("set/", new Uint8Array(0), "5"),
  tarMember("set/a.bin", bytes(1000, 1)),
  tarMember("set/readme.html", bytes(20, 2)),
  tarMember("set/b.bin", bytes(1024, 3)),
  tarMember("set/link", new Uint8Array(0), "2"),
  new Uint8Array(1024),
);

/** Reads an archive that arrives in chunks of `size` bytes. */
async function read(
  packed: Uint8Array,
  { size = 100, wanted }: { size?: number; wanted?: (name: string) => boolean } = {},
) {
  let at = 0;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (at >= packed.length) return controller.close();
      controller.enqueue(new Uint8Array(packed.subarray(at, at += size)));
    },
  });
  const found: [string, Uint8Array][] = [];
  for await (
    const { name, bytes } of readTar(stream, {
      source: "x.tar",
      maxBytes: 1e6,
      ...wanted && { wanted },
    })
  ) {
    found.push([name, bytes]);
  }
  return found;
}

Deno.test("tar: files come out in order whatever the chunks, plain or gzip", async () => {
  const expected: [string, Uint8Array][] = [
    ["set/a.bin", bytes(1000, 1)],
    ["set/readme.html", bytes(20, 2)],
    ["set/b.bin", bytes(1024, 3)],
  ];
  for (const packed of [archive, await gzip(archive)]) {
    for (const size of [1, 100, 512, 1e6]) assertEquals(await read(packed, { size }), expected);
  }
  const wanted = (name: string) => name.endsWith(".bin");
  assertEquals((await read(archive, { wanted })).map(([name]) => name), ["set/a.bin", "set/b.bin"]);
});

Deno.test("tar: long names are read as GNU's tar and POSIX write them", async () => {
  const long = `set/${"deep/".repeat(40)}image.png`;
  const text = (words: string) => new TextEncoder().encode(words);
  const record = (words: string) => {
    const length = words.length + 2;
    // The length counts its own digits.
    return text(`${length + `${length + 2}`.length} ${words}\n`);
  };
  const pax = join(record("mtime=1700000000.5"), record(`path=${long}`));
  const short = tarMember("set/short.png", bytes(10, 4));
  for (
    const before of [tarMember("././@LongLink", text(`${long}\0`), "L"), tarMember("x", pax, "x")]
  ) {
    const packed = join(before, short, tarMember("next.png", bytes(5, 5)), new Uint8Array(1024));
    const names = (await read(packed)).map(([name]) => name);
    assertEquals(names, [long, "next.png"]);
  }
});

Deno.test("tar: an archive cut off in a file, or anywhere when compressed, is a DataFormatError", async () => {
  for (const length of [100, 600, 1300, 2500]) {
    await assertRejects(() => read(archive.subarray(0, length)), DataFormatError, "truncated");
  }
  const packed = await gzip(archive);
  for (let length = 2; length < packed.length; length += 7) {
    await assertRejects(() => read(packed.subarray(0, length)), DataFormatError, "x.tar: ");
  }
});

Deno.test("tar: damage and files that are no archive are a DataFormatError", async () => {
  const damaged = archive.with(512 + 3, 65);
  await assertRejects(() => read(damaged), DataFormatError, "checksum is wrong");
  await assertRejects(() => read(bytes(2048, 9)), DataFormatError, "no tar (at byte 0)");
  // Damage that only gzip's own checksum, at the very end, can show.
  const packed = await gzip(archive);
  const wrong = packed.with(packed.length - 6, packed.at(-6)! ^ 1);
  await assertRejects(() => read(wrong), DataFormatError, "damaged");
});

Deno.test("tar: what unpacks to more than is allowed, or says so, is refused before it is taken", async () => {
  const declared = (size: string) => {
    const member = tarMember("a.bin", bytes(10, 1));
    member.set(new TextEncoder().encode(size), 124);
    member.set(new TextEncoder().encode("        "), 148);
    const sum = member.subarray(0, 512).reduce((a, b) => a + b, 0);
    member.set(new TextEncoder().encode(sum.toString(8).padStart(6, "0")), 148);
    return member;
  };
  const huge = await assertRejects(() => read(declared("77777777777\0")), ReadLimitError);
  assertEquals([huge.needed > 2 ** 33, huge.allowed], [true, 1e6]);
  // 20 MB of zeros after the last block, in 20 kB.
  const bomb = await gzip(join(archive, new Uint8Array(20e6)));
  await assertRejects(() => read(bomb), ReadLimitError, "raise `maxBytes: ");
  await assertRejects(() => read(declared("-1         \0")), DataFormatError, "no octal number");
  await assertRejects(() => read(archive.subarray(0, -1024)), DataFormatError, "its last block");
});
