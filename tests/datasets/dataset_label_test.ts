import { assertEquals } from "@std/assert";
import { datasetLabel } from "../../src/datasets/dataset_label.ts";

Deno.test("dataset label: a folder of images is called as the folder is, other sets by their names", () => {
  assertEquals(datasetLabel("mnist"), "mnist");
  assertEquals(datasetLabel("cifar10", "/data/CIFAR binaries"), "cifar10");
  for (
    const [from, label] of [
      ["circles", "circles"],
      ["../My Pictures/Red Circles/", "red-circles"],
      ["C:\\data\\Birds.ZIP", "birds"],
      ["data/v1.2_final.zip", "v1-2_final"],
      ["Vögel", "vögel"],
      ["..", "folder"],
      ["/", "folder"],
      ["+++", "folder"],
    ] as const
  ) assertEquals(datasetLabel("folder", from), label, from);
  assertEquals(datasetLabel("folder"), "folder");
  assertEquals(datasetLabel("arrays", "data/PathMNIST.npz"), "pathmnist");
});
