/** The paths in a folder or archive of images: parts, classes and order are made of them. */
import { arrangeImages } from "../../../../src/datasets/arrange_images.ts";
import type { Random } from "../../../../src/core/random.ts";
import { oneIn } from "../bytes.ts";
import { pick } from "../mutate.ts";
import { type FuzzTarget, reads, refused } from "../target.ts";

const encode = (paths: readonly string[]) => new TextEncoder().encode(paths.join("\n"));
const names = [
  "cat",
  "dog",
  "__proto__",
  "constructor",
  "ü",
  "\u202e",
  "a b",
  "x.png",
  "\x1b[2J",
  "0",
];

/** Images in a folder for each class, and what they must become. */
function randomSet(random: Random) {
  const classes = [
    ...new Set(Array.from({ length: 1 + random.integer(5) }, () => pick(random, names))),
  ];
  const paths = classes.flatMap((name) =>
    Array.from(
      { length: 1 + random.integer(4) },
      (_, i) => `${name}/${i}${pick(random, [".png", ".JPG"])}`,
    )
  );
  // One class folder alone counts as the top.
  const classNames = classes.length === 1 ? [] : [...classes].sort();
  const sorted = [...paths].sort();
  const labels = sorted.map((path) => Math.max(0, classNames.indexOf(path.split("/")[0]!)));
  return { paths, value: { images: sorted, labels: Uint8Array.from(labels), classNames } };
}

/** What must be refused. */
const wrong: Readonly<Record<string, (random: Random) => string[]>> = {
  "no images": () => ["a.txt", "b/c.gif", ".hidden.png", "__MACOSX/a.png"],
  "images beside folders": (random) => [...randomSet(random).paths, "other/1.png", "top.png"],
  "no training part": () => ["test/a/1.png"],
  "a part beside classes": (random) => [...randomSet(random).paths, "x/1.png", "Train/1.png"],
  "two training parts": () => ["train/a/1.png", "Training/a/1.png"],
};

/** See above. */
export const target: FuzzTarget = {
  about: "paths of images in folders",
  file: "birds",
  tokens: ["train/", "test/", "/", "//", ".png", ".jpeg", "\n", "../", "__MACOSX/", "."],
  seeds: (random) => Array.from({ length: 6 }, () => encode(randomSet(random).paths)),
  read: (bytes, source) => {
    const paths = new TextDecoder().decode(bytes).split("\n");
    const { indices, labels, classNames } = arrangeImages(paths, { split: "train", source });
    return { images: indices.map((i) => paths[i]!), labels, classNames: [...classNames] };
  },
  structured(random) {
    if (oneIn(random, 3)) {
      const note = pick(random, Object.keys(wrong));
      return { bytes: encode(wrong[note]!(random)), note, expected: refused };
    }
    const { paths, value } = randomSet(random);
    const more = oneIn(random, 2) ? ["readme.txt", ".DS_Store"] : [];
    const deep = oneIn(random, 8) ? "d/".repeat(random.integer(3000)) : "";
    const inside = (path: string) => deep + path;
    return {
      bytes: encode([...more, ...paths.map(inside)]),
      note: "good",
      expected: reads({ ...value, images: value.images.map(inside) }),
    };
  },
};
