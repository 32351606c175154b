/** A data set of your own, loaded by its name like all others. */
import { createMachine, createSchedule, loadDataset } from "@els/toolkit";
import { openInMemory, registerDataset } from "@els/toolkit/datasets";

registerDataset({
  name: "stripes",
  about: { what: "200 images of stripes, across or along", license: "CC0" },
  open({ size }) {
    const labels = Uint8Array.from({ length: 200 }, (_, i) => i % 2);
    const pixels = new Uint8Array(200 * size * size).map((_, at) => {
      const [image, row, column] = [Math.floor(at / size ** 2), Math.floor(at / size), at % size];
      return ((labels[image] ? row % size : column) + image) % 8 < 4 ? 255 : 0;
    });
    return openInMemory({ pixels, shape: [200, size, size, 1], labels }, ["across", "along"]);
  },
});
const { images, sha256 } = await loadDataset("stripes", { images: 50, classes: [1], size: 16 });
await using _ = createMachine("ELS", { images, schedule: createSchedule("cosine"), patchSize: 3 });
console.log(`stripes: ${images.shape.join(" x ")}, SHA-256 ${sha256.slice(0, 8)}..`);
