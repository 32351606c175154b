/** Tar archives, as CIFAR-10's is. */
import { gzipSync } from "node:zlib";
import { readTar } from "../../../../src/datasets/tar.ts";
import type { Random } from "../../../../src/core/random.ts";
import { join, noise, oneIn, type Piece } from "../bytes.ts";
import { pick } from "../mutate.ts";
import { type FuzzTarget, reads, refused } from "../target.ts";

interface Member {
  readonly name: string;
  readonly contents: Uint8Array;
  readonly type: string;
}

const field = (text: string, length: number) => text.slice(0, length).padEnd(length, "\0");

function header(
  { name, contents, type }: Member,
  { size = `${contents.length.toString(8).padStart(11, "0")}\0`, sumBy = 0, prefix = "" } = {},
): Uint8Array {
  const fields = (sum: string) =>
    join(
      ...[field(name, 100), field("0000644\0", 24), field(size, 12), field("0", 12), sum, type],
      ...[
        field("", 100),
        field("ustar\x0000", 8),
        field("", 80),
        field(prefix, 155),
        field("", 12),
      ],
    );
  const sum = fields(" ".repeat(8)).reduce((total, byte) => total + byte, 0) + sumBy;
  return fields(`${sum.toString(8).padStart(6, "0")}\0 `);
}

const padded = (bytes: Uint8Array) => join(bytes, new Uint8Array(-bytes.length & 511));
const end = new Uint8Array(1024);

function membersOf(random: Random): Member[] {
  return Array.from({ length: 1 + random.integer(4) }, (_, i) => ({
    name: pick(random, ["a", "set/data.bin", "ü", "x".repeat(99)]) + i % 10,
    contents: noise(random, random.integer(3) * 256 + random.integer(9)),
    type: pick(random, ["0", "0", "\0", "0"]),
  }));
}

const whole = (members: readonly Member[]) =>
  join(...members.flatMap((member): Piece[] => [header(member), padded(member.contents)]), end);

const maxBytes = 10e6;

/** See above. */
export const target: FuzzTarget = {
  about: "tar archives, plain or gzip",
  file: "cifar-10-binary.tar.gz",
  tokens: ["ustar", "0000644", "77777777777", "\x80\0\0\0\0\0\0\xff"],
  seeds: (random) => {
    const plain = whole(membersOf(random));
    const long = `${"long/".repeat(30)}name`;
    const records = `${long.length + 10} path=${long}\n`;
    const named = (name: string, type: string, text: string) =>
      whole([{ name, type, contents: join(text) }, ...membersOf(random)]);
    return [
      ...[plain, new Uint8Array(gzipSync(plain))],
      ...[named("././@LongLink", "L", `${long}\0`), named("PaxHeaders/a", "x", records)],
    ];
  },
  async read(bytes, source) {
    const found: unknown[] = [];
    const stream = new Blob([bytes]).stream() as ReadableStream<Uint8Array<ArrayBuffer>>;
    for await (const { name, bytes } of readTar(stream, { source, maxBytes })) {
      found.push([name, bytes]);
    }
    return found;
  },
  structured(random) {
    const members = membersOf(random);
    const packed = (bytes: Uint8Array) =>
      new Uint8Array(oneIn(random, 2) ? bytes : gzipSync(bytes));
    const names = members.map(({ name, contents }) => [
      new TextDecoder().decode(join(field(name, 100).replace(/\0+$/, ""))),
      contents,
    ]);
    if (oneIn(random, 2)) {
      const others: Member[] = [
        { name: "folder/", contents: new Uint8Array(0), type: "5" },
        { name: "link", contents: new Uint8Array(0), type: "2" },
        { name: "device", contents: new Uint8Array(0), type: "3" },
        { name: "pax", contents: noise(random, 40), type: "x" },
      ];
      const among = oneIn(random, 2) ? [pick(random, others), ...members] : members;
      return { bytes: packed(whole(among)), note: "good", expected: reads(names) };
    }
    const [first, ...rest] = members as [Member, ...Member[]];
    const after = whole(rest);
    const declared = (size: string) => join(header(first, { size }), padded(first.contents), after);
    const wrong: Readonly<Record<string, () => Uint8Array>> = {
      checksum: () => join(header(first, { sumBy: 1 }), padded(first.contents), after),
      "64 GB": () => declared("777777777777"),
      "8 GB": () => declared("77777777777\0"),
      "size in base 256": () => declared(`\x80${"\0".repeat(3)}\x7f${"\xff".repeat(7)}`),
      "negative size": () => declared("-0000000001\0"),
      "no size": () => declared("            "),
      "no end": () => whole(members).subarray(0, -1024),
      "cut off": () => whole(members).subarray(0, random.integer(whole(members).length - 1024)),
      "something else": () => noise(random, 600).fill(1, 0, 2),
      // Rarely: it takes time to make.
      bomb: () =>
        oneIn(random, 20)
          ? gzipSync(join(header(first, { size: "00000000000\0" }), new Uint8Array(2 ** 25)))
          : declared("77777777777\0"),
    };
    const note = pick(random, Object.keys(wrong));
    const bytes = wrong[note]!();
    const gone = note === "bomb" && bytes[0] === 0x1f;
    // Zeros after the last block are passed over, up to the limit.
    return { bytes: gone ? new Uint8Array(bytes) : packed(bytes), note, expected: refused };
  },
};
