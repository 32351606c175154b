import { cifar100CoarseNames, cifar100FineNames, cifar100Set } from "./cifar100.ts";
import { cifarSource } from "./cifar_files.ts";
import type { DatasetSource } from "./source.ts";

const archive = "cifar-100-python.tar.gz";

function source(kind: "fine" | "coarse"): DatasetSource {
  const [name, classNames] = kind === "fine"
    ? ["cifar100", cifar100FineNames] as const
    : ["cifar100-coarse", cifar100CoarseNames] as const;
  return cifarSource({
    name,
    about: {
      what: `photographs of all kinds, 50,000 + 10,000, color, 32 x 32, ${classNames.length} ` +
        (kind === "fine" ? "classes" : "groups of classes"),
      license: "none stated; the authors ask to cite Krizhevsky 2009",
      page: "https://www.cs.toronto.edu/~kriz/cifar.html",
    },
    set: cifar100Set,
    which: kind === "fine" ? 1 : 0,
    classNames,
    binary: {
      folder: "cifar-100-binary",
      archive: "cifar-100-binary.tar.gz",
      files: { train: ["train.bin"], test: ["test.bin"] },
    },
    python: {
      folder: "cifar-100-python",
      archive,
      files: { train: ["train"], test: ["test"] },
    },
    records: { train: 50_000, test: 10_000 },
    download: {
      name: archive,
      url: `https://www.cs.toronto.edu/~kriz/${archive}`,
      bytes: 169_001_437,
      checksum: { algorithm: "md5", hex: "eb9058c3a382ffc7106e4002c42a8d85" },
    },
    folders: kind === "fine" ? ["cifar100"] : ["cifar100", name],
  });
}

/** CIFAR-100 by its hundred classes. */
export const cifar100Source: DatasetSource = source("fine");
/** CIFAR-100 by the twenty groups of its classes. */
export const cifar100CoarseSource: DatasetSource = source("coarse");
