/** Zip archives with one thing wrong, for the two readers of zips. */
import { crc32, deflateRawSync } from "node:zlib";
import type { Random } from "../../../src/core/random.ts";
import { join, little, noise, oneIn } from "./bytes.ts";
import { pick } from "./mutate.ts";
import { type Expectation, type FuzzInput, reads, readsOrRefused, refused } from "./target.ts";

interface Member {
  name: Uint8Array;
  readonly contents: Uint8Array;
  readonly packed: Uint8Array;
  readonly method: number;
  readonly flags: number;
  readonly wide: boolean;
  at: number;
}

/** What a header, or the directory, says of a file. */
interface Told {
  flags: number;
  method: number;
  crc: number;
  packed: number;
  size: number;
  name: Uint8Array;
  at: number;
}

const toldOf = ({ name, contents, packed, method, flags, at }: Member): Told => ({
  ...{ flags, method, name, at },
  ...{ crc: crc32(contents), packed: packed.length, size: contents.length },
});

const narrow = (value: number, wide: boolean) => little(wide ? 0xffffffff : value, 4);

const zip64 = (values: readonly number[]) =>
  join(little(1, 2), little(8 * values.length, 2), ...values.map((value) => little(value, 8)));

function localHeader(told: Told, { wide }: Member): Uint8Array {
  const later = (told.flags & 8) !== 0 && !wide;
  const extra = wide ? zip64([told.size, told.packed]) : new Uint8Array(0);
  return join(
    ...["PK\x03\x04", little(20, 2), little(told.flags, 2), little(told.method, 2)],
    ...[little(0, 4), little(later ? 0 : told.crc, 4)],
    ...[narrow(later ? 0 : told.packed, wide), narrow(later ? 0 : told.size, wide)],
    ...[little(told.name.length, 2), little(extra.length, 2), told.name, extra],
  );
}

function directoryEntry(told: Told, { wide }: Member): Uint8Array {
  const extra = wide ? zip64([told.size, told.packed, told.at]) : new Uint8Array(0);
  return join(
    ...["PK\x01\x02", little(20, 2), little(20, 2), little(told.flags, 2), little(told.method, 2)],
    ...[little(0, 4), little(told.crc, 4), narrow(told.packed, wide), narrow(told.size, wide)],
    ...[little(told.name.length, 2), little(extra.length, 2), little(0, 2), little(0, 2)],
    ...[little(0, 2), little(0, 4), narrow(told.at, wide), told.name, extra],
  );
}

/** Which record of one file says something else. */
type Fault = (told: Told, random: Random) => void;

const changes: Readonly<Record<string, Fault>> = {
  name: (told) => told.name = told.name.map((byte, i) => i === 0 ? byte ^ 1 : byte),
  "length of the name": (told) => told.name = join(told.name, "x"),
  method: (told) => told.method = told.method === 0 ? 8 : 0,
  "foreign method": (told) => told.method = 12,
  encryption: (told) => told.flags |= 1,
  flags: (told) => told.flags ^= 0x800,
  checksum: (told) => told.crc ^= 1,
  size: (told, random) => {
    const others = [told.size + 1, 0, 2 ** 31, 0xfffffffe].filter((size) => size !== told.size);
    told.size = pick(random, others);
  },
  "packed size": (told, random) => told.packed = pick(random, [told.packed + 1, 2 ** 31]),
};

function build(
  members: readonly Member[],
  { told = toldOf, own = toldOf, count = members.length, comment = "", startBy = 0 }: {
    readonly told?: (member: Member) => Told;
    readonly own?: (member: Member) => Told;
    readonly count?: number;
    readonly comment?: string;
    readonly startBy?: number;
  } = {},
): Uint8Array<ArrayBuffer> {
  let body: Uint8Array = new Uint8Array(0);
  for (const member of members) {
    if (member.at < 0) continue;
    member.at = body.length;
    const { flags, packed, contents } = member;
    const after = (flags & 8) === 0 || member.wide ? [] : [
      ...["PK\x07\x08", little(crc32(contents), 4)],
      ...[little(packed.length, 4), little(contents.length, 4)],
    ];
    body = join(body, localHeader(own(member), member), packed, ...after);
  }
  const directory = join(...members.map((member) => directoryEntry(told(member), member)));
  const start = body.length + startBy;
  const isWide = members.some(({ wide }) => wide);
  const wideEnd = !isWide ? new Uint8Array(0) : join(
    ...["PK\x06\x06", little(44, 8), little(45, 2), little(45, 2), little(0, 8)],
    ...[little(count, 8), little(count, 8), little(directory.length, 8), little(start, 8)],
    ...["PK\x06\x07", little(0, 4), little(body.length + directory.length, 8), little(1, 4)],
  );
  return join(
    ...[body, directory, wideEnd, "PK\x05\x06", little(0, 4)],
    ...[little(isWide ? 0xffff : count, 2), little(isWide ? 0xffff : count, 2)],
    ...[narrow(directory.length, isWide), narrow(start, isWide)],
    ...[little(comment.length, 2), comment],
  );
}

/** A few files, one of them under `names` where they are given. */
function membersOf(random: Random, names: readonly string[]): Member[] {
  const wide = oneIn(random, 4);
  return names.map((name) => {
    const contents = oneIn(random, 4)
      ? new Uint8Array(random.integer(2000))
      : noise(random, random.integer(300));
    const method = oneIn(random, 2) ? 0 : 8;
    return {
      ...{ name: new TextEncoder().encode(name), contents, method, wide, at: 0 },
      packed: method === 0 ? contents : new Uint8Array(deflateRawSync(contents)),
      flags: pick(random, [0, 0, 8, 0x800, 2]),
    };
  });
}

/** What a reader gives: contents by name. */
export const contentsOf = (members: readonly { name: Uint8Array; contents: Uint8Array }[]) =>
  members.map(({ name, contents }) => [new TextDecoder().decode(name), contents]);

/** What lies behind the end of what is packed changes nothing; what is cut off does. */
const consequence = (name: string, members: readonly Member[]): Expectation =>
  name === "packed size" ? readsOrRefused(contentsOf(members)) : refused;

/** An archive with at most one thing wrong. */
export function zipInput(random: Random): FuzzInput {
  const members = membersOf(random, ["a", "b/c.bin", "ü"].slice(0, 1 + random.integer(3)));
  const chosen = pick(random, members);
  const make = (
    note: string,
    expected: Expectation,
    options: Parameters<typeof build>[1] = {},
  ): FuzzInput => ({ bytes: build(members, options), note, expected });
  const one = (change: Fault) => (member: Member) => {
    const told = toldOf(member);
    if (member === chosen) change(told, random);
    return told;
  };
  switch (random.integer(9)) {
    case 0: {
      // A header whose checksum and sizes follow the file says nothing that could disagree.
      const name = pick(random, Object.keys(changes));
      const silent = (chosen.flags & 8) !== 0 && !chosen.wide &&
        ["checksum", "size", "packed size"].includes(name);
      const change = silent ? changes.name! : changes[name]!;
      return make(`header: ${name}`, refused, { own: one(change) });
    }
    case 1: {
      const name = pick(random, Object.keys(changes));
      return make(`directory: ${name}`, consequence(name, members), { told: one(changes[name]!) });
    }
    case 2: {
      // Both say the same wrong thing: sizes and checksums are compared with the contents.
      const name = pick(random, [
        "checksum",
        "size",
        "packed size",
        "encryption",
        "foreign method",
      ]);
      return make(`both: ${name}`, consequence(name, members), {
        own: one(changes[name]!),
        told: one(changes[name]!),
      });
    }
    case 3: {
      const count = pick(random, [0, members.length + 1, 0xfffe]);
      return make("number of entries", refused, { count });
    }
    case 4: {
      const twin = { ...chosen, name: new TextEncoder().encode("twin"), at: -1 };
      members.push(twin);
      const told = (member: Member) =>
        toldOf(member === twin ? { ...twin, at: chosen.at } : member);
      return make("two files share bytes", refused, { told });
    }
    case 5:
      members.push({ ...chosen });
      return make("a name twice", refused);
    case 6:
      return make("directory elsewhere", refused, { startBy: pick(random, [1, -1, 2 ** 31]) });
    default: {
      const comment = pick(random, ["", "made elsewhere", "PK\x05\x06 not the end"]);
      return make("good", reads(contentsOf(members)), { comment });
    }
  }
}

/** Good archives. */
export const zipSeeds = (random: Random): Uint8Array[] =>
  [["one"], ["a/b", "a/c"], ["x", "y", "z"]].map((names) => build(membersOf(random, names)));

/** Records of the format. */
export const zipTokens = ["PK\x01\x02", "PK\x03\x04", "PK\x05\x06", "PK\x06\x06", "PK\x06\x07"];
