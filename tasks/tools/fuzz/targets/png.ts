/** PNG pictures, as data sets of images hold them. */
import { zlibSync } from "fflate";
import type { Random } from "../../../../src/core/random.ts";
import { defaultMaxPixels } from "../../../../src/formats/pixel_limit.ts";
import { readPngPixels } from "../../../../src/formats/png_pixels.ts";
import { join, noise, oneIn } from "../bytes.ts";
import { pick } from "../mutate.ts";
import { pngChunk, pngData, pngFile, pngHeader, pngRows, pngSamples } from "../png_builder.ts";
import { type FuzzInput, type FuzzTarget, reads, refused } from "../target.ts";

interface Kind {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly type: number;
  readonly interlaced: boolean;
}

const depths: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};

/** A picture without order, with what stands in its file. */
function randomPicture(random: Random) {
  const type = pick(random, [0, 2, 3, 4, 6]);
  const kind: Kind = {
    width: 1 + random.integer(12),
    height: 1 + random.integer(12),
    depth: pick(random, depths[type]!),
    type,
    interlaced: oneIn(random, 2),
  };
  const { width, height, depth } = kind;
  const values = Array.from(
    { length: width * height * pngSamples[type]! },
    () => random.integer(2 ** depth),
  );
  const colors = noise(random, 3 * 2 ** Math.min(8, depth));
  const pixels = type === 3
    ? values.flatMap((v) => [...colors.subarray(3 * v, 3 * v + 3)])
    : values.map((v) => depth === 16 ? v >> 8 : v * 255 / (2 ** depth - 1));
  return {
    kind,
    rows: pngRows(values, kind),
    palette: type === 3 ? [pngChunk("PLTE", colors)] : [],
    value: {
      shape: [height, width, type === 3 ? 3 : pngSamples[type]!],
      pixels: Uint8Array.from(pixels),
    },
  };
}

type Picture = ReturnType<typeof randomPicture>;

const text = (random: Random) => join("Comment\0", noise(random, random.integer(30)));
/** Packed once: making it takes longer than refusing it. */
const bomb = zlibSync(new Uint8Array(2 ** 26));

/** What may stand in any file, and is passed over. */
const others: readonly ((random: Random) => Uint8Array)[] = [
  (random) => pngChunk("tEXt", text(random)),
  () => pngChunk("zTXt", join("Comment\0\0", bomb)),
  () => pngChunk("iTXt", join("Comment\0\x01\0\0\0", bomb)),
  () => pngChunk("iCCP", join("profile\0\0", bomb)),
  (random) => pngChunk("juNK", noise(random, 9)),
  (random) => pngChunk("fdAT", noise(random, 20)),
];

/** The data of a picture, in one chunk or several. */
function dataChunks(random: Random, rows: Uint8Array): Uint8Array[] {
  const packed = zlibSync(rows);
  if (oneIn(random, 2)) return [pngChunk("IDAT", packed)];
  const at = random.integer(packed.length);
  return [
    pngChunk("IDAT", packed.subarray(0, at)),
    pngChunk("IDAT", packed.subarray(at)),
  ];
}

/** A file with other fields in its header. */
const headed = ({ kind, palette, rows }: Picture, other: Partial<Kind>) =>
  pngFile(pngHeader({ ...kind, ...other }), ...palette, pngData(rows));
/** A file with other image data. */
const filled = ({ kind, palette }: Picture, packed: Uint8Array) =>
  pngFile(pngHeader(kind), ...palette, pngChunk("IDAT", packed));

/** What must be refused. */
const wrong: Readonly<Record<string, (picture: Picture, random: Random) => Uint8Array>> = {
  "huge sizes": (picture, random) =>
    headed(picture, {
      width: pick(random, [30_000, 0x7fffffff, 0xffffffff]),
      height: pick(random, [30_000, 0x7fffffff, 0xffffffff]),
    }),
  "a row more": (picture) => headed(picture, { height: picture.kind.height + 1 }),
  "no columns": (picture) => headed(picture, { width: 0 }),
  "no such depth": (picture, random) =>
    headed(picture, { depth: pick(random, [0, 3, 5, 32, 255]) }),
  "no such color type": (picture, random) =>
    headed(picture, { type: pick(random, [1, 5, 7, 255]) }),
  "a bomb": (picture) => filled(picture, bomb),
  "a byte more": (picture) => filled(picture, zlibSync(join(picture.rows, [0]))),
  "a byte less": (picture) => filled(picture, zlibSync(picture.rows.subarray(1))),
  "another checksum of the data": (picture) => {
    const packed = zlibSync(picture.rows);
    return filled(picture, packed.with(-1, packed.at(-1)! ^ 1));
  },
  "data cut off": (picture, random) => {
    const packed = zlibSync(picture.rows);
    return filled(picture, packed.subarray(0, random.integer(packed.length)));
  },
  "data without order": (picture, random) => filled(picture, noise(random, 60)),
  "no such filter": (picture) => filled(picture, zlibSync(picture.rows.with(0, 9))),
  "no data": ({ kind, palette }) => pngFile(pngHeader(kind), ...palette),
  "data interrupted": ({ kind, palette, rows }, random) =>
    pngFile(
      pngHeader(kind),
      ...palette,
      pngData(rows),
      pngChunk("tEXt", text(random)),
      pngChunk("IDAT", noise(random, 3)),
    ),
  "an unknown chunk that matters": ({ kind, palette, rows }, random) =>
    pngFile(pngHeader(kind), pngChunk("JUNK", noise(random, 5)), ...palette, pngData(rows)),
  "two headers": ({ kind, palette, rows }) =>
    pngFile(pngHeader(kind), pngHeader(kind), ...palette, pngData(rows)),
  "header too late": ({ kind, palette, rows }) =>
    pngFile(...palette, pngData(rows), pngHeader(kind)),
  "another checksum": ({ kind, palette, rows }, random) => {
    const bytes = pngFile(pngHeader(kind), ...palette, pngData(rows));
    // Anywhere but in the signature.
    const at = 8 + random.integer(bytes.length - 8);
    return bytes.with(at, bytes[at]! ^ (1 << random.integer(8)));
  },
  "cut off": ({ kind, palette, rows }, random) => {
    const bytes = pngFile(pngHeader(kind), ...palette, pngData(rows));
    return bytes.subarray(0, random.integer(bytes.length));
  },
};

function structured(random: Random): FuzzInput {
  const picture = randomPicture(random);
  const { kind, rows, palette, value } = picture;
  if (oneIn(random, 2)) {
    const before = oneIn(random, 3) ? [pick(random, others)(random)] : [];
    const after = oneIn(random, 3) ? [pick(random, others)(random)] : [];
    const chunks = [pngHeader(kind), ...before, ...palette, ...dataChunks(random, rows), ...after];
    return { bytes: pngFile(...chunks), note: "good", expected: reads(value) };
  }
  const note = pick(random, Object.keys(wrong));
  return { bytes: new Uint8Array(wrong[note]!(picture, random)), note, expected: refused };
}

/** See above. */
export const target: FuzzTarget = {
  about: "PNG pictures",
  file: "a.png",
  isProtected: true,
  tokens: ["IHDR", "PLTE", "IDAT", "IEND", "iCCP", "zTXt", "tRNS", "\x89PNG\r\n\x1a\n"],
  seeds: (random) =>
    Array.from({ length: 8 }, () => {
      const { kind, palette, rows } = randomPicture(random);
      return pngFile(pngHeader(kind), pngChunk("tEXt", text(random)), ...palette, pngData(rows));
    }),
  read: (bytes, source) => {
    const { header: { height, width }, channels, pixels } = readPngPixels(bytes, {
      source,
      maxPixels: defaultMaxPixels,
    });
    return { shape: [height, width, channels], pixels: new Uint8Array(pixels) };
  },
  structured,
};
