/** Python's pickles by themselves, with all the names that PyTorch's files may import. */
import { parsePickle } from "../../../../src/formats/torch_file.ts";
import { join, oneIn, type Piece } from "../bytes.ts";
import { pick } from "../mutate.ts";
import { randomProgram, randomValue } from "../pickle_builder.ts";
import { type FuzzTarget, reads, refused } from "../target.ts";

/** What a pickle holds that must be refused, each a whole pickle. */
const wrong: Readonly<Record<string, () => Piece>> = {
  "a command": () => "cposix\nsystem\n(S'true'\ntR.",
  "code by a dotted name": () => "\x8c\x05torch\x8c\x09os.system\x93.",
  "a getter": () => "cbuiltins\ngetattr\n(NN tR.",
  "a name that is called": () => "ctorch\nFloatStorage\n)R.",
  "four million lists": () => `${"]".repeat(4_000_000)}.`,
  "four million marks": () => "(".repeat(4_000_000),
  "four million nothings": () => `${"N0".repeat(4_000_000)}N.`,
  "numbers without end": () => `I${"9".repeat(100_000)}\n.`,
  "fraction without end": () => `F${"9".repeat(100_000)}x\n.`,
  "a text that is longer than the file": () => "X\xff\xff\xff\xff.",
  "a long number": () => "\x8b\xff\xff\xff\x7f.",
  "a place in the memo that is no number": () => "Npnan\n.",
  "two values": () => "NN.",
  "none": () => ".",
  "dictionaries of one large list": () =>
    `(${"(NNt".repeat(50_000)}lq\x00${"0ccollections\nOrderedDict\n(h\x00tR".repeat(500)}.`,
  "a file within it, read again and again": () => {
    const file = "\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03." +
      "\x80\x02}X\x0d\0\0\0little_endian\x88s.\x80\x02" + "]0".repeat(20_000) + "N.\x80\x02].";
    const load = "0ctorch.storage\n_load_from_bytes\n(h\x00tR";
    const size = [0, 8, 16, 24].map((shift) => String.fromCharCode((file.length >> shift) & 255));
    return `B${size.join("")}${file}q\x00${load.repeat(2000)}.`;
  },
  "bytes of one large text": () =>
    `X\x00\x00\x10\x00${"a".repeat(2 ** 20)}q\x000` +
    `${"c_codecs\nencode\n(h\x00X\x06\x00\x00\x00latin1tR0".repeat(500)}N.`,
};

/** See above. */
export const target: FuzzTarget = {
  about: "Python's pickles",
  file: "data.pkl",
  tokens: [
    "ccollections\nOrderedDict\n",
    "ctorch._utils\n_rebuild_tensor_v2\n",
    "(lp0\n",
    "q\0",
    "h\0",
  ],
  seeds: (random) => Array.from({ length: 12 }, () => join(randomValue(random).pickle, ".")),
  read: (bytes, source) => parsePickle(bytes, source, { maxBytes: 32e6 }),
  structured(random) {
    if (oneIn(random, 2)) {
      const { value, pickle } = randomValue(random);
      const protocol = pick(random, ["", "\x80\x02", "\x80\x04\x95\0\0\0\0\0\0\0\0"]);
      return { bytes: join(protocol, pickle, "."), note: "a value", expected: reads(value) };
    }
    if (oneIn(random, 2)) return { bytes: join(randomProgram(random)), note: "a program" };
    // Large ones rarely: each takes a while.
    const names = Object.keys(wrong);
    const large = oneIn(random, 20);
    const note = pick(random, names.filter((name) => large || !/million|large/.test(name)));
    return { bytes: join(wrong[note]!()), note, expected: refused };
  },
};
