import { assertEquals, assertThrows } from "@std/assert";
import { DataFormatError } from "../../src/core/errors.ts";
import { arrangeImages } from "../../src/datasets/arrange_images.ts";
import { surveyLines } from "../../src/datasets/folder_survey.ts";
import type { ClassesFrom, SplitName } from "../../src/datasets/source.ts";

const source = "folder";
function arrange(paths: string[], split: SplitName = "train", classesFrom?: ClassesFrom) {
  const { indices, labels, classNames } = arrangeImages(paths, { split, classesFrom, source });
  return { images: indices.map((i) => paths[i]), labels: [...labels], classNames };
}
const lines = (paths: string[], split: SplitName = "train", classesFrom?: ClassesFrom) =>
  surveyLines(arrangeImages(paths, { split, classesFrom, source }).survey, {
    ...{ label: "set", links: 0, isArchive: true },
  });
const empty = { images: [], labels: [], classNames: [] };

Deno.test("arrange images: a flat folder is sorted and has no classes", () => {
  const paths = ["b.jpg", "a.PNG", "notes.txt", ".hidden.png", "B.jpeg"];
  assertEquals(arrange(paths), {
    images: ["B.jpeg", "a.PNG", "b.jpg"],
    labels: [0, 0, 0],
    classNames: [],
  });
});

Deno.test("arrange images: folders are classes, deeper ones belong to the first", () => {
  const paths = ["dog/2.png", "cat/1.png", "dog/more/1.png", "about/readme.txt", "cat/10.png"];
  assertEquals(arrange(paths), {
    images: ["cat/1.png", "cat/10.png", "dog/2.png", "dog/more/1.png"],
    labels: [0, 0, 1, 1],
    classNames: ["cat", "dog"],
  });
});

Deno.test("arrange images: train and test are parts whose labels agree", () => {
  const paths = ["train/b/1.png", "train/c/1.png", "test/a/1.png", "test/c/2.png", "val/a/1.png"];
  const images = ["train/b/1.png", "train/c/1.png"];
  assertEquals(arrange(paths), { images, labels: [0, 1], classNames: ["b", "c"] });
  // A class that only another part has comes after those of the training part.
  const test = { images: ["test/a/1.png", "test/c/2.png"], labels: [2, 1] };
  assertEquals(arrange(paths, "test"), { ...test, classNames: ["b", "c", "a"] });
  const flat = arrange(["train/1.png", "train/2.png"]);
  assertEquals(flat.classNames, []);
});

Deno.test("arrange images: one folder around everything does not count", () => {
  const paths = ["set/dog/1.png", "set/cat/1.png", "__MACOSX/set/cat/._1.png"];
  assertEquals(arrange(paths).classNames, ["cat", "dog"]);
  assertEquals(arrange(["img_align_celeba/2.jpg", "img_align_celeba/1.jpg"]).classNames, []);
  assertEquals(arrange(["set/train/a/1.png", "set/train/b/1.png"]).labels, [0, 1]);
});

Deno.test("arrange images: what cannot be arranged is named", () => {
  const many = Array.from({ length: 65_537 }, (_, i) => `class${i}/1.png`);
  const cases: [string[], SplitName, string][] = [
    [[], "train", "folder: empty, expected JPEG, PNG, WebP or BMP"],
    [["a.gif", "b.gif"], "train", 'WebP or BMP image among its 2 files (such as "a.gif")'],
    [["a.png", "cat/b.png"], "train", 'both in it (1 image, such as "a.png") and in folders'],
    [["a.png"], "test", "no test part"],
    [["train/a.png"], "test", "it has no test part, only train (1 image)"],
    [["Validation/a.png"], "train", "no train part, only validation (1 image); use another with"],
    [["train/a.png", "training/b.png"], "train", "are all called as a train part is"],
    [
      ["train/a.png", "bus/b.png"],
      "train",
      '"train" is beside "bus": a part of the set, or a class',
    ],
    [["a/train/1.png", "a/test/1.png", "b/2.png"], "train", 'some are not, such as "b/2.png"'],
    [
      ["/a/1.png", "../2.png"],
      "train",
      '(such as "/a/1.png"), of which 2 have names that lead out',
    ],
    [["train/a/1.png", "train/2.png"], "train", "those in folders with `classesFrom: parts`"],
    [many, "train", "65537 folders of images"],
  ];
  for (const [paths, split, message] of cases) {
    assertThrows(() => arrange(paths, split), DataFormatError, message);
  }
});

Deno.test("arrange images: parts are known by their usual names, in any case, at the top or in one folder", () => {
  const names: [train: string, validation: string, test: string][] = [
    ["Train", "Val", "Test"],
    ["training", "validation", "testing"],
    ["TRAIN", "valid", "TEST"],
    ["train_set", "val_set", "test_set"],
    ["TrainingSet", "dev", "TestSet"],
    ["train-images", "eval", "test-images"],
    ["train2017", "val2017", "test1"],
    ["seg_train", "seg_val", "seg_test"],
  ];
  for (const [train, validation, test] of names) {
    for (const root of ["", "./", "archive/", "archive/inner/"]) {
      const paths = [
        ...[`${root}${test}/a/3.png`, `${root}${train}/a/1.png`, `${root}${train}/b/2.png`],
        ...[`${root}${validation}/b/4.png`, `${root}notes.txt`],
      ];
      const classNames = ["a", "b"];
      const of = (i: number, label: number) => ({
        images: [paths[i]],
        labels: [label],
        classNames,
      });
      assertEquals(arrange(paths).images, [paths[1], paths[2]], paths.join());
      assertEquals(arrange(paths, "test"), of(0, 0), paths.join());
      assertEquals(arrange(paths, "validation"), of(3, 1), paths.join());
      assertEquals(arrange(paths, "all").images.length, 4, paths.join());
    }
  }
});

Deno.test("arrange images: names that only resemble parts are classes", () => {
  for (
    const name of ["trainer", "contest", "valley", "detest", "devil", "test tube", "train station"]
  ) {
    assertEquals(arrange([`${name}/1.png`, "other/1.png"]).classNames.length, 2, name);
  }
});

Deno.test("arrange images: a part that is not used decides nothing", () => {
  const train = ["train/x/1.png", "train/y/2.png"];
  const labels = [0, 1];
  const classNames = ["x", "y"];
  // Flat, wrapped up in a folder that would be a class between the others, of other classes, mixed.
  for (const test of ["test/1.png", "test/test/1.png", "test/xx/1.png", "test/a/1.png"]) {
    const paths = [...train, test, "test/0.gif", "loose.png"];
    assertEquals(arrange(paths), { images: train, labels, classNames }, test);
  }
  assertEquals(arrange([...train, "test/1.png", "test/x/2.png"]).labels, labels);
  const flat = [...train, "test/unknown/1.png"];
  assertEquals(arrange(flat, "test"), { ...empty, images: ["test/unknown/1.png"], labels: [0] });
});

Deno.test("arrange images: what can be read in two ways is settled by classesFrom", () => {
  const vehicles = ["bus/1.png", "car/1.png", "train/1.png"];
  const classNames = ["bus", "car", "train"];
  const top = { images: vehicles, labels: [0, 1, 2], classNames };
  assertEquals(arrange(vehicles, "train", "top"), top);
  const part = { ...empty, images: ["train/1.png"], labels: [0] };
  assertEquals(arrange(vehicles, "train", "parts"), part);

  const loose = ["a/1.png", "b/1.png", "logo.png"];
  const folders = { images: loose.slice(0, 2), labels: [0, 1], classNames: ["a", "b"] };
  assertEquals(arrange(loose, "train", "top"), folders);
  assertEquals(arrange(loose, "train", "none"), {
    images: loose,
    labels: [0, 0, 0],
    classNames: [],
  });

  const inner = ["a/test/1.png", "a/train/2.png", "b/train/3.png"];
  const used = { images: inner.slice(1), labels: [0, 1], classNames: ["a", "b"] };
  assertEquals(arrange(inner), used);
  assertEquals(arrange(inner, "test").images, [inner[0]]);
  const mixed = [...inner, "b/4.png"];
  assertEquals(arrange(mixed, "train", "parts"), used);
  assertEquals(arrange(mixed, "train", "top").labels, [0, 0, 1, 1]);
});

Deno.test("arrange images: names that lead out, or that systems made, are not taken", () => {
  const paths = [
    ...["../1.png", "a/../../2.png", "/etc/3.png", "C:\\4.png", "a/5.png", "./b//6.png"],
    ...["Thumbs.db", "a/desktop.ini", ".DS_Store", "__MACOSX/a/._5.png", "a/.hidden/7.png"],
  ];
  assertEquals(arrange(paths).images, ["a/5.png", "./b//6.png"]);
  assertEquals(lines(paths), [
    "set: 2 images, 2 classes: a 1, b 1",
    "  left out: 4 files whose names lead out of the archive",
  ]);
});

Deno.test("arrange images: more than 256 classes have labels of 16 bits", () => {
  const set = (count: number) =>
    arrangeImages(
      Array.from({ length: count }, (_, i) => `${String(i).padStart(5, "0")}/1.png`),
      { split: "train", source },
    ).labels;
  assertEquals(set(256), Uint8Array.from({ length: 256 }, (_, i) => i));
  assertEquals(set(300), Uint16Array.from({ length: 300 }, (_, i) => i));
});

Deno.test("arrange images: what is there is told part by part, with what is left out and why", () => {
  const paths = [
    ...["Test/a/1.png", "Train/a/1.jpg", "Train/a/2.jpg", "Train/b/1.webp", "Train/c/1.gif"],
    ...["Train/c/2.gif", "Train/b/2.tif", "labels.csv", "README"],
  ];
  assertEquals(lines(paths), [
    "set: 2 parts",
    "  train (Train): 3 images, 2 classes: a 2, b 1",
    "  test (Test), not used: 1 image, 1 class: a 1",
    "  left out: 3 pictures of formats that are not read (.gif 2, .tif 1)",
    '  left out: 1 folder without any other picture: "Train/c"',
    "  left out: 2 files that are no images by their names (.csv 1, without ending 1)",
  ]);
});

Deno.test("arrange images: AFHQ, CelebA-HQ and other known folders are read as they come", () => {
  const sets: [paths: string[], classNames: string[], others: SplitName][] = [
    [
      ["afhq/train/cat/1.jpg", "afhq/train/dog/2.jpg", "afhq/val/cat/3.jpg"],
      ["cat", "dog"],
      "validation",
    ],
    [["afhq_v2/train/cat/1.png", "afhq_v2/train/dog/2.png", "afhq_v2/test/dog/3.png"], [
      "cat",
      "dog",
    ], "test"],
    [["celeba_hq/train/female/1.jpg", "celeba_hq/train/male/2.jpg", "celeba_hq/val/male/3.jpg"], [
      "female",
      "male",
    ], "validation"],
    // Kaggle's, ImageNet's, Tiny ImageNet's, YOLO's.
    [
      [
        "training_set/training_set/cats/1.jpg",
        "training_set/training_set/dogs/2.jpg",
        "test_set/test_set/cats/3.jpg",
      ],
      ["cats", "dogs"],
      "test",
    ],
    [
      ["train/n01/1.JPEG", "train/n02/2.JPEG", "val/3.JPEG", "LOC_val_solution.csv"],
      ["n01", "n02"],
      "validation",
    ],
    [["tiny/train/n01/images/1.JPEG", "tiny/train/n02/images/2.JPEG", "tiny/val/images/3.JPEG"], [
      "n01",
      "n02",
    ], "validation"],
    [
      ["images/train/1.jpg", "images/train/2.jpg", "images/val/3.jpg", "labels/train/1.txt"],
      [],
      "validation",
    ],
  ];
  for (const [paths, classNames, others] of sets) {
    const train = arrange(paths);
    assertEquals(train.images, paths.slice(0, 2));
    assertEquals(train.classNames, classNames);
    assertEquals(arrange(paths, others).images, [paths[2]]);
  }
  assertEquals(arrange(["celeba_hq/000002.jpg", "celeba_hq/000001.jpg"]).classNames, []);
});
