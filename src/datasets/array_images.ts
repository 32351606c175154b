/** Images and labels in arrays of numbers: which array is which, and what its axes and values mean. */
import { DataFormatError } from "../core/errors.ts";
import { quoted } from "../core/quoted.ts";
import type { StoredTensor } from "../formats/stored_tensor.ts";
import { partWords as folderWords } from "./folder_parts.ts";
import type { ByteImages } from "./resize.ts";
import type { SplitName } from "./source.ts";

/** How the names of a part's arrays begin or end; of "all", they have no such word. */
const partWords: Readonly<Record<Exclude<SplitName, "all">, readonly string[]>> = {
  train: [...folderWords.train, "tr"],
  test: [...folderWords.test, "te"],
  validation: folderWords.validation,
};
const imageWords = ["x", "images", "image", "imgs", "img", "data", "features"];
const labelWords = ["y", "labels", "label", "targets", "target", "classes"];

/** The arrays of one part of a data set. */
export interface PartNames {
  readonly images: string;
  /** Absent: the images have no classes. */
  readonly labels?: string;
}

/** A name as words: "x_train", "trainImages" and "train-images.x" say the same. */
const wordsOf = (name: string) =>
  name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase().split(/[^a-z0-9]+/)
    .filter((word) => word !== "");

/** The part that the innermost telling name of a path says; undefined: none. */
export function partOfPath(path: string): Exclude<SplitName, "all"> | undefined {
  for (const name of path.split("/").reverse()) {
    const words = wordsOf(name);
    for (const part of ["train", "test", "validation"] as const) {
      if (words.some((word) => partWords[part].includes(word))) return part;
    }
  }
  return undefined;
}

/**
 * Finds the arrays of a part by their names, such as `x_train` and `y_train` (Keras) or `train_images` and
 * `train_labels` (MedMNIST). Arrays that say no part (`images`, `labels`; `arr_0`, `arr_1`) are the
 * training part.
 *
 * @throws DataFormatError if there are none, or two that could be meant.
 */
export function namesOfPart(
  names: readonly string[],
  { part, source }: { readonly part: Exclude<SplitName, "all">; readonly source: string },
): PartNames {
  const said = names.map((name) => ({ name, words: wordsOf(name) }));
  const allParts = Object.values(partWords).flat();
  const inPart = (words: readonly string[], wanted: readonly string[] | undefined) =>
    wanted === undefined
      ? !words.some((word) => allParts.includes(word))
      : words.some((word) => wanted.includes(word));
  const find = (kind: readonly string[], wanted: readonly string[] | undefined) => {
    const found = said.filter(({ words }) =>
      inPart(words, wanted) && words.every((word) =>
        kind.includes(word) || wanted?.includes(word)
      ) &&
      words.some((word) => kind.includes(word))
    );
    if (found.length > 1) {
      throw new DataFormatError(
        source,
        `its arrays ${found.map(({ name }) => quoted(name)).join(" and ")} could both be meant`,
        { remedy: () => "save a file with one of them" },
      );
    }
    return found[0]?.name;
  };
  const withLabels = (images: string, labels: string | undefined): PartNames =>
    labels === undefined ? { images } : { images, labels };
  const images = find(imageWords, partWords[part]);
  if (images !== undefined) return withLabels(images, find(labelWords, partWords[part]));
  if (part === "train") {
    const plain = find(imageWords, undefined);
    if (plain !== undefined) return withLabels(plain, find(labelWords, undefined));
    // What numpy.savez calls arrays without names.
    if (names.includes("arr_0") && names.every((name) => /^arr_[01]$/.test(name))) {
      return withLabels("arr_0", names.find((name) => name === "arr_1"));
    }
    if (names.length === 1) return { images: names[0]! };
  }
  const word = partWords[part][0];
  throw new DataFormatError(
    source,
    `no images of the ${part} part: its arrays are ${
      quoted(names)
    }, expected x_${word} and y_${word}, ` +
      `or ${word}_images and ${word}_labels${part === "train" ? ", or images and labels" : ""}`,
  );
}

/** What was found in an array of images, as people should see it. */
export interface ArrayImages extends ByteImages {
  /** A line that says what the array's axes and values were taken for. */
  readonly told: string;
}

const isChannels = (extent: number | undefined) => extent === 1 || extent === 3;

/**
 * Images of an array `[N, H, W]`, `[N, H, W, C]` or `[N, C, H, W]` with C 1 or 3, of bytes, or of other
 * numbers whose range is plain: truth values, fractions from 0 to 1, or 0 to 255.
 *
 * @throws DataFormatError if the axes or the range can be read in two ways, or in none.
 */
export function imagesOfArray(tensor: StoredTensor, source: string): ArrayImages {
  const { shape } = tensor;
  const fail = (problem: string, remedy: string): never => {
    throw new DataFormatError(source, problem, { remedy: () => remedy });
  };
  const axes = `an array of shape ${quoted(shape)}`;
  if (shape.length < 3 || shape.length > 4) {
    fail(`${axes}, expected images [N, H, W] or [N, H, W, C]`, "reshape it");
  }
  if (shape.includes(0)) fail(`${axes} holds no images`, "save some");
  let order: "gray" | "last" | "first" = "gray";
  if (shape.length === 3) {
    if (isChannels(shape[2]) && shape[0]! > 3) {
      fail(`${axes} may be one image in color or ${shape[0]} narrow ones`, "give it four axes");
    }
  } else {
    const [last, first] = [isChannels(shape[3]), isChannels(shape[1])];
    if (last && first) {
      fail(
        `${axes} may have its channels first or last`,
        "save it with three axes if it is gray, or larger images",
      );
    }
    if (!last && !first) {
      fail(`${axes}, expected 1 or 3 channels, last or first`, "keep one or three of its channels");
    }
    order = last ? "last" : "first";
  }
  const { bytes, range } = bytesOfValues(tensor, fail);
  const [n, a, b, c = 1] = shape as [number, number, number, number?];
  if (order !== "first") {
    const told = `${axes}: ${order === "last" ? "channels last" : "gray"}, values ${range}`;
    return { pixels: bytes, shape: [n, a, b, c], told };
  }
  const pixels = new Uint8Array(bytes.length);
  const plane = b * c;
  for (let i = 0, at = 0; i < n; i++) {
    for (let p = 0; p < plane; p++) {
      for (let k = 0; k < a; k++) pixels[at++] = bytes[(i * a + k) * plane + p]!;
    }
  }
  return { pixels, shape: [n, b, c, a], told: `${axes}: channels first, values ${range}` };
}

/** Values as bytes, and the range that they were taken to have. */
function bytesOfValues(
  { dtype, data: values }: StoredTensor,
  fail: (problem: string, remedy: string) => never,
): { readonly bytes: Uint8Array; readonly range: string } {
  const data: ArrayLike<number | bigint> = values;
  if (dtype === "BOOL") {
    return {
      bytes: Uint8Array.from(data as ArrayLike<number>, (value) => value ? 255 : 0),
      range: "false or true",
    };
  }
  let [least, most, whole] = [Infinity, -Infinity, true];
  for (let i = 0; i < data.length; i++) {
    const value = Number(data[i]);
    if (Number.isNaN(value)) fail(`value ${i} is not a number`, "save images without such");
    if (value < least) least = value;
    if (value > most) most = value;
    if (!Number.isInteger(value)) whole = false;
  }
  const shown = `values from ${shortNumber(least)} to ${shortNumber(most)}`;
  if (!(least >= 0 && most <= 255)) {
    fail(`${shown}, expected 0 to 1 or 0 to 255`, "scale them to bytes from 0 to 255");
  }
  if (whole && most > 1) {
    return {
      bytes: values instanceof Uint8Array
        ? values
        : Uint8Array.from(data as ArrayLike<number>, Number),
      range: "0 to 255",
    };
  }
  if (!whole && most <= 1) {
    return {
      bytes: Uint8Array.from(data as ArrayLike<number>, (value) => Math.round(Number(value) * 255)),
      range: "0 to 1",
    };
  }
  if (whole || most < 2) {
    fail(
      `${shown}${whole ? " only" : ""} can mean 0 to 1 or 0 to 255`,
      whole ? "save truth values, or bytes from 0 to 255" : "scale them to bytes from 0 to 255",
    );
  }
  return {
    bytes: Uint8Array.from(data as ArrayLike<number>, (value) => Math.round(Number(value))),
    range: "0 to 255",
  };
}

const shortNumber = (value: number) => `${Number(value.toPrecision(4))}`;

/**
 * Labels of an array `[N]` or `[N, 1]` of whole numbers.
 *
 * @throws DataFormatError if it is another one, or has not one for each image.
 */
export function labelsOfArray(
  { shape, data }: StoredTensor,
  { count, source }: { readonly count?: number; readonly source: string },
): number[] {
  const [n, columns = 1] = shape;
  if (shape.length === 0 || shape.length > 2 || columns !== 1) {
    throw new DataFormatError(
      source,
      `labels of shape ${quoted(shape)}, expected one for each image, [N] or [N, 1]`,
    );
  }
  if (count !== undefined && n !== count) {
    throw new DataFormatError(source, `${n} labels, expected one for each of ${count} images`);
  }
  return Array.from(data as ArrayLike<number | bigint>, (value, i) => {
    const label = Number(value);
    if (Number.isInteger(label) && label >= 0 && label < mostClasses) return label;
    throw new DataFormatError(
      source,
      `label ${label} of image ${i}, expected a whole number from 0 to ${mostClasses - 1}`,
    );
  });
}

/** Classes that arrays may have: nobody numbers more, and such numbers are no classes. */
const mostClasses = 2 ** 16;
