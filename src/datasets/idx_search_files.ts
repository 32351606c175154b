/** Which files below a folder are the images and labels of MNIST, or of one of the sets laid out as it is. */
import { DataFormatError } from "../core/errors.ts";
import { quoted } from "../core/quoted.ts";
import { gunzipIfNeeded } from "../formats/gunzip.ts";
import type { IdxPair, SourcedBytes } from "./idx_pair.ts";
import { kindOf } from "./open_files.ts";
import { type FoundFile, type FoundFiles, searchFiles } from "./search_files.ts";
import type { DatasetRequest, Split } from "./source.ts";

/** How the files of a set are called. */
export interface IdxNames {
  /** Name of the data set. */
  readonly set: string;
  /** What its file names begin with, if not as MNIST's do: "emnist-letters-train". */
  readonly own?: Readonly<Record<Split, string>> | undefined;
  /** Images of its largest part; it says how far a compressed file may unpack. */
  readonly largestPart: number;
  /** Bytes of a label. Default 1. */
  readonly labelBytes?: number;
}

/** What the names of MNIST's files begin with. */
const plain: Readonly<Record<Split, readonly string[]>> = {
  train: ["train"],
  test: ["t10k", "test"],
};

/** Whose files a folder's name says that it holds; all but MNIST's bear the same names as those. */
const families: readonly (readonly [family: string, folder: RegExp])[] = [
  ["fashion-mnist", /fashion/i],
  ["kmnist", /(^|[^a-z])k-?mnist|kuzushiji/i],
  ["k49", /(^|[^a-z])k-?49/i],
  ["qmnist", /(^|[^a-z])q-?mnist/i],
  ["emnist", /(^|[^a-z])e-?mnist/i],
  ["mnist", /mnist/i],
];
const familyOf = (set: string) => set.startsWith("emnist-") ? "emnist" : set;

/** Where the pair of files in a folder may stand. */
interface Candidate {
  /** Folder below the one that is searched; "" is that itself. */
  readonly folder: string;
  /** What the folder's name says; undefined: nothing. */
  readonly family: string | undefined;
  readonly images?: FoundFile;
  readonly labels?: FoundFile;
}

const kinds = ["images", "labels"] as const;
type Kind = (typeof kinds)[number];

/**
 * A file's name without what differs from copy to copy: upper case, dots or dashes, the ending of
 * compression. `train-images.idx3-ubyte.gz` and `train-images-idx3-ubyte` are both "train-images".
 *
 * @returns Undefined for what is no such file.
 */
function stemOf(name: string): string | undefined {
  const text = name.toLowerCase().replace(/\.(gz|gzip)$/, "").replace(/[-._ ]+/g, "-");
  return /^(.*-(?:images|labels))(?:-idx\d?)?(?:-(?:ubyte|int|uint8))?$/.exec(text)?.[1];
}

/**
 * Finds and reads the two IDX files of one split, below a folder, a few levels deep, or in a zip or tar archive.
 *
 * They carry their published names, with "-" or "." before `idx`, plain or with `.gz`; a folder of such a
 * name, as some archives have it around the file, may stand in the file's place. Files with the set's own
 * names are taken wherever they lie; those with MNIST's names from the folder itself, then from one whose
 * name is the set's, then from one whose name is no other set's.
 *
 * @param options.maxBytes Most that either may unpack to. By default twice what the largest part takes.
 * @throws ReadLimitError if one unpacks to more.
 * @throws DataFormatError if there are none, two that differ could be meant, or a compressed one is damaged.
 */
export async function findIdxPair(
  from: string,
  { names, split, maxBytes }: Pick<DatasetRequest, "split" | "maxBytes"> & {
    readonly names: IdxNames;
  },
): Promise<IdxPair> {
  const { set, own, largestPart, labelBytes = 1 } = names;
  if (await kindOf(from) === "file" && !/\.(zip|tar|tgz|tar\.gz)$/i.test(from)) {
    throw new DataFormatError(from, "it is a file", {
      remedy: (say) => `name the folder that holds ${set}'s IDX files with ${say.option("from")}`,
    });
  }
  const prefixes = [...own === undefined ? [] : [own[split]], ...plain[split]];
  const stems = new Set(prefixes.flatMap((each) => kinds.map((kind) => `${each}-${kind}`)));
  const limits = {
    images: maxBytes ?? Math.max(100e6, 2 * 784 * largestPart),
    labels: maxBytes ?? Math.max(1e6, 2 * labelBytes * largestPart),
  };
  const found = await searchFiles(from, {
    wanted: (name) => stems.has(stemOf(name) ?? ""),
    enough: (files) =>
      isWhole(candidatesOf(files, prefixes[0]!).find(({ folder }) => folder === "")),
    maxBytes: limits.images,
  });
  const read = async ({ images, labels }: Required<Candidate>): Promise<IdxPair> => ({
    images: await readFile(images, limits.images),
    labels: await readFile(labels, limits.labels),
  });
  const said: Readonly<Record<Kind, string>> = {
    images: `${prefixes[0]}-images-idx3-ubyte`,
    labels: `${prefixes[0]}-labels-idx1-ubyte`,
  };
  for (const [i, prefix] of prefixes.entries()) {
    const isOwn = own !== undefined && i === 0;
    const candidates = candidatesOf(found.files, prefix);
    const chosen = choose(candidates, { set, isOwn, isPlainOk: own === undefined });
    if (chosen.length > 0) return await readAlike(chosen, { from, set, read });
  }
  throw notFound(from, { found, names, said, prefixes });
}

const isWhole = (candidate: Candidate | undefined): candidate is Required<Candidate> =>
  candidate?.images !== undefined && candidate.labels !== undefined;

/** The files with the names of one prefix, by the folder that they lie in. */
function candidatesOf(files: readonly FoundFile[], prefix: string): Candidate[] {
  const folders = new Map<string, { images?: FoundFile; labels?: FoundFile }>();
  // Plain files before compressed ones, files before those in a folder of their own name.
  const order = files.toSorted((a, b) => rank(a) - rank(b));
  for (const kind of kinds) {
    for (const file of order.filter(({ path }) => stemOf(nameOf(path)) === `${prefix}-${kind}`)) {
      const folder = folderOf(file.path);
      const held = folders.get(folder) ?? {};
      held[kind] ??= file;
      folders.set(folder, held);
    }
  }
  return [...folders].map(([folder, held]) => ({ folder, family: namedFamily(folder), ...held }));
}

const nameOf = (path: string) => path.slice(path.lastIndexOf("/") + 1);
const parentOf = (path: string) => path.slice(0, Math.max(0, path.lastIndexOf("/")));

/** The folder of a file; one that bears the file's name counts as the file. */
function folderOf(path: string): string {
  const parent = parentOf(path);
  return stemOf(nameOf(parent)) === stemOf(nameOf(path)) ? parentOf(parent) : parent;
}

const rank = ({ path }: FoundFile) =>
  (/\.gz(ip)?$/i.test(path) ? 1 : 0) + (folderOf(path) === parentOf(path) ? 0 : 2);

/** What the innermost folder with a telling name says. */
function namedFamily(folder: string): string | undefined {
  for (const part of folder.split("/").reverse()) {
    const family = families.find(([, pattern]) => pattern.test(part))?.[0];
    if (family !== undefined) return family;
  }
  return undefined;
}

/** The candidates that are most likely meant; more than one where none is likelier. */
function choose(
  candidates: readonly Candidate[],
  { set, isOwn, isPlainOk }: {
    readonly set: string;
    /** The names are the set's own, so that any folder will do. */
    readonly isOwn: boolean;
    /** MNIST's names are the set's, so that a folder with another name than the set's will do. */
    readonly isPlainOk: boolean;
  },
): readonly Required<Candidate>[] {
  const whole = candidates.filter(isWhole);
  const tiers = [
    whole.filter(({ folder }) => folder === ""),
    whole.filter(({ family }) => isOwn || family === familyOf(set)),
    whole.filter(({ family }) => isPlainOk && family === undefined),
  ];
  const tier = tiers.find(({ length }) => length > 0);
  if (tier !== undefined) return tier;
  // Images in one folder and labels in another, if there is one of each.
  const [images, labels] = kinds.map((kind) =>
    candidates.filter((each) =>
      each[kind] !== undefined && (isOwn || [undefined, familyOf(set)].includes(each.family))
    )
  );
  return images!.length === 1 && labels!.length === 1 && (isOwn || isPlainOk)
    ? [{ ...images![0]!, images: images![0]!.images!, labels: labels![0]!.labels! }]
    : [];
}

/** Copies that are compared with each other. */
const mostCopies = 4;

/** Reads the first of several pairs that could be meant, if the others are copies of it. */
async function readAlike(
  chosen: readonly Required<Candidate>[],
  { from, set, read }: {
    readonly from: string;
    readonly set: string;
    readonly read: (candidate: Required<Candidate>) => Promise<IdxPair>;
  },
): Promise<IdxPair> {
  const [first, ...others] = chosen as [Required<Candidate>, ...Required<Candidate>[]];
  const pair = await read(first);
  for (const [i, other] of others.entries()) {
    const copy = i + 1 < mostCopies ? await read(other) : undefined;
    if (copy !== undefined && kinds.every((kind) => equal(copy[kind].bytes, pair[kind].bytes))) {
      continue;
    }
    throw new DataFormatError(
      from,
      `both ${quoted(first.folder)} and ${
        quoted(other.folder)
      } in it hold files that may be ${set}'s`,
      { remedy: (say) => `name one of these folders with ${say.option("from")}` },
    );
  }
  return pair;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

async function readFile(file: FoundFile, maxBytes: number): Promise<SourcedBytes> {
  const { source } = file;
  return { bytes: await gunzipIfNeeded(await file.read(), { source, maxBytes }), source };
}

/** Says what was looked for, where, and what lies there instead. */
function notFound(
  from: string,
  { found, names: { set }, said, prefixes }: {
    readonly found: FoundFiles;
    readonly names: IdxNames;
    readonly said: Readonly<Record<Kind, string>>;
    readonly prefixes: readonly string[];
  },
): DataFormatError {
  const { files, others, folders, isCut } = found;
  const where = folders === 1 ? "in it" : `in it and the ${folders - 1} folders below`;
  const candidates = prefixes.flatMap((prefix) => candidatesOf(files, prefix));
  const half = candidates.find((each) => !isWhole(each));
  const foreign = candidates.find(isWhole);
  const instead = foreign !== undefined
    ? `; those in ${quoted(foreign.folder)} are ${foreign.family ?? "MNIST"}'s by name`
    : half !== undefined
    ? `, only ${quoted((half.images ?? half.labels)!.path)}`
    : others.length > 0
    ? `; there are ${others.slice(0, 2).map((name) => quoted(name)).join(", ")}`
    : "";
  const missing = half?.images === undefined ? said.images : said.labels;
  return new DataFormatError(
    from,
    `no file ${missing} of ${set} (with "-" or ".", also .gz) ${where}${
      isCut ? ", as far as was looked" : ""
    }${instead}`,
    { remedy: (say) => `name the folder of its files with ${say.option("from")}` },
  );
}
