/** Folders as people have them, beside the repository on some machines. */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { loadDataset, type LoadDatasetOptions } from "../../src/datasets/registry_files.ts";

const cases = fromFileUrl(new URL("../../../shared/cases/", import.meta.url));
const isHere = await Deno.stat(cases).then(() => true, () => false);

/** What a case must give. */
interface Expected {
  readonly images: number;
  readonly classes: readonly string[];
  readonly labels?: string;
  /** A line that is told. */
  readonly told: string;
}

const rows: readonly (readonly [path: string, options: LoadDatasetOptions, expected: Expected])[] =
  [
    ["02-train-test-folders-by-other-names/capital", { images: 6 }, {
      ...{ images: 6, classes: ["0", "1"], labels: "0,0,0,1,1,1" },
      told: "  test (Test), not used: 6 images, 2 classes: 0 3, 1 3",
    }],
    ["05-jpeg-that-libjpeg-warns-of/jfif000", { images: 4, channels: 3 }, {
      ...{ images: 4, classes: ["Cat", "Dog"], labels: "0,0,1,1" },
      told: "jfif000: 4 images, 2 classes: Cat 2, Dog 2",
    }],
    ["13-formats-dropped-in-silence/mixed", { channels: 3 }, {
      ...{ images: 8, classes: ["cat", "dog"], labels: "0,0,0,0,0,1,1,1" },
      told: "  left out: 1 picture of formats that are not read (.tif 1)",
    }],
    ["14-flat-test-beside-train-classes/kaggle", { images: 9 }, {
      ...{ images: 9, classes: ["0", "1", "2"], labels: "0,0,0,1,1,1,2,2,2" },
      told: "  test, not used: 4 images, no classes",
    }],
    ["16-first-images-are-one-class/two", { images: 4 }, {
      ...{ images: 4, classes: ["cat", "dog"], labels: "0,0,1,1" },
      told: "  taken: 4 images, of each class its share, chosen at random by the seed 1",
    }],
    ["18-cmyk-jpeg/a", { images: 2, channels: 3 }, {
      ...{ images: 2, classes: [] },
      told: "a: 2 images, no classes",
    }],
    ["19-zip-with-dot-slash-names/set.zip", { images: 2 }, {
      ...{ images: 2, classes: ["a", "b"], labels: "0,1" },
      told: "set: 2 images, 2 classes: a 1, b 1",
    }],
  ];

for (const [path, options, { images, classes, labels, told }] of rows) {
  Deno.test({
    name: `image folder: case ${path}${isHere ? "" : " (left out: ../shared/cases is not here)"}`,
    ignore: !isHere,
    async fn() {
      const lines: string[] = [];
      const tell = (line: string) => void lines.push(line);
      const set = await loadDataset("folder", { from: cases + path, ...options, tell });
      assertEquals(set.images.shape[0], images);
      assertEquals(set.classNames, classes);
      if (labels !== undefined) assertEquals(set.labels.join(), labels);
      assert(lines.includes(told), lines.join("\n"));
    },
  });
}
