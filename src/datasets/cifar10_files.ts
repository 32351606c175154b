import { cifar10ClassNames, cifar10Set } from "./cifar10.ts";
import { cifarSource } from "./cifar_files.ts";
import type { DatasetSource } from "./source.ts";

const archive = "cifar-10-binary.tar.gz";
const batches = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}`);

/** CIFAR-10: ten classes. */
export const cifar10Source: DatasetSource = cifarSource({
  name: "cifar10",
  about: {
    what: "photographs of animals and vehicles, 50,000 + 10,000, color, 32 x 32, 10 classes",
    license: "none stated; the authors ask to cite Krizhevsky 2009",
    page: "https://www.cs.toronto.edu/~kriz/cifar.html",
  },
  set: cifar10Set,
  which: 0,
  classNames: cifar10ClassNames,
  binary: {
    folder: "cifar-10-batches-bin",
    archive,
    files: { train: batches.map((name) => `${name}.bin`), test: ["test_batch.bin"] },
  },
  python: {
    folder: "cifar-10-batches-py",
    archive: "cifar-10-python.tar.gz",
    files: { train: batches, test: ["test_batch"] },
  },
  records: { train: 10_000, test: 10_000 },
  download: {
    name: archive,
    url: `https://www.cs.toronto.edu/~kriz/${archive}`,
    bytes: 170_052_171,
    checksum: {
      algorithm: "sha256",
      hex: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    },
  },
  folders: ["cifar10"],
});
