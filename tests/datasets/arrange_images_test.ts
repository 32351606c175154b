import { assertEquals, assertThrows } from "@std/assert";
import { DataFormatError } from "../../src/core/errors.ts";
import { arrangeImages } from "../../src/datasets/arrange_images.ts";

const source = "folder";
function arrange(paths: string[], split: "train" | "test" = "train") {
  const { indices, labels, classNames } = arrangeImages(paths, { split, source });
  return { images: indices.map((i) => paths[i]), labels: [...labels], classNames };
}

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
  const classNames = ["a", "b", "c"];
  const train = { images: ["train/b/1.png", "train/c/1.png"], labels: [1, 2], classNames };
  assertEquals(arrange(paths), train);
  const test = { images: ["test/a/1.png", "test/c/2.png"], labels: [0, 2], classNames };
  assertEquals(arrange(paths, "test"), test);
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
  const many = Array.from({ length: 257 }, (_, i) => `class${i}/1.png`);
  const cases: [string[], "train" | "test", string][] = [
    [[], "train", "folder: empty, expected JPEG or PNG"],
    [["a.webp", "b.webp"], "train", "no JPEG or PNG image among its 2 files (such as a.webp)"],
    [["a.png", "cat/b.png"], "train", "both in it and in folders"],
    [["a.png"], "test", "no test part"],
    [["train/a.png"], "test", "no images in a folder test, only in train"],
    [many, "train", "257 folders of images"],
  ];
  for (const [paths, split, message] of cases) {
    assertThrows(() => arrange(paths, split), DataFormatError, message);
  }
});
