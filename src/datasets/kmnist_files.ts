import { idxSource } from "./idx_set_files.ts";
import type { DatasetSource } from "./source.ts";

/** KMNIST (Clanuwat et al., arXiv 1812.01718): ten cursive Japanese characters in MNIST's form. */
export const kmnistSource: DatasetSource = idxSource({
  name: "kmnist",
  about: {
    what: "cursive Japanese characters, 60,000 + 10,000, gray, 28 x 28, 10 classes",
    license: "CC BY-SA 4.0, KMNIST by ROIS-DS Center for Open Data in the Humanities",
    page: "http://codh.rois.ac.jp/kmnist/",
  },
  // The syllables, in the order of the labels.
  classNames: ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"],
  largestPart: 60_000,
});
