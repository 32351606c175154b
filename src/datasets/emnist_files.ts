import { mnistClassNames } from "./mnist.ts";
import { idxSource } from "./idx_set_files.ts";
import type { DatasetSource } from "./source.ts";

const upper = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
const lower = [..."abcdefghijklmnopqrstuvwxyz"];
/** Where both cases look alike, the merged parts have one class, named by the capital. */
const merged = [...mnistClassNames, ...upper, ..."abdefghnqrt"];

const parts: readonly {
  readonly part: string;
  readonly train: number;
  readonly test: number;
  readonly classNames: readonly string[];
  readonly what: string;
  readonly firstLabel?: number;
}[] = [
  {
    ...{ part: "balanced", train: 112_800, test: 18_800, classNames: merged },
    what: "handwritten digits and letters, as many of each",
  },
  {
    ...{ part: "byclass", train: 697_932, test: 116_323 },
    classNames: [...mnistClassNames, ...upper, ...lower],
    what: "handwritten digits and letters, all of them",
  },
  {
    ...{ part: "bymerge", train: 697_932, test: 116_323, classNames: merged },
    what: "handwritten digits and letters, both cases of 15 letters together",
  },
  {
    ...{ part: "digits", train: 240_000, test: 40_000, classNames: mnistClassNames },
    what: "handwritten digits",
  },
  {
    // Its labels count from 1.
    ...{ part: "letters", train: 124_800, test: 20_800, classNames: lower, firstLabel: 1 },
    what: "handwritten letters, both cases of each together",
  },
  {
    ...{ part: "mnist", train: 60_000, test: 10_000, classNames: mnistClassNames },
    what: "handwritten digits, as many as MNIST has",
  },
];

const inWords = (count: number) => count.toLocaleString("en");

/**
 * EMNIST (Cohen, Afshar, Tapson and van Schaik, arXiv 1702.05373), each of its six parts a data set of its
 * own. Its files hold the images with rows and columns exchanged; here they are turned right.
 */
export const emnistSources: readonly DatasetSource[] = parts.map((each) => {
  const { part, train, test, classNames, what } = each;
  return idxSource({
    ...each,
    name: `emnist-${part}`,
    about: {
      what: `${what}, ${inWords(train)} + ${inWords(test)}, gray, 28 x 28, ` +
        `${classNames.length} classes`,
      license: "none stated; the authors ask to cite Cohen et al. 2017",
      page: "https://www.nist.gov/itl/products-and-services/emnist-dataset",
    },
    folder: "emnist",
    own: { train: `emnist-${part}-train`, test: `emnist-${part}-test` },
    largestPart: train,
    isTransposed: true,
  });
});
