import { mnistClassNames } from "./mnist.ts";
import { idxSource } from "./idx_set_files.ts";
import type { DatasetSource } from "./source.ts";

/**
 * QMNIST (Yadav and Bottou, arXiv 1905.10498): MNIST made anew, with all 60,000 test images. Its labels are
 * rows of eight numbers, of which the first is the digit.
 */
export const qmnistSource: DatasetSource = idxSource({
  name: "qmnist",
  about: {
    what: "MNIST's digits made anew, 60,000 + 60,000, gray, 28 x 28, 10 classes",
    license: "BSD, Facebook; see its page",
    page: "https://github.com/facebookresearch/qmnist",
  },
  classNames: mnistClassNames,
  own: { train: "qmnist-train", test: "qmnist-test" },
  largestPart: 60_000,
  labelBytes: 32,
});
