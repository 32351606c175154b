import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { holdStream } from "../../src/core/image_stream.ts";
import { loadDataset, streamDataset } from "../../src/datasets/registry_files.ts";

Deno.test("streamed data set: the images of a held one, by class, in color, resized", async () => {
  for (
    const [name, options] of [
      ["textures", { images: 300, classes: [1, 3], size: 8, channels: 3 }],
      ["synthetic", { images: 20, size: 8 }],
      ["mnist", { images: 30, split: "test", size: 32 }],
    ] as const
  ) {
    const held = await loadDataset(name, options);
    const streamed = await streamDataset(name, options);
    assertEquals(await holdStream(streamed.images), held.images);
    assertEquals(streamed.labels, held.labels);
    const { name: n, split, classNames } = streamed;
    assertEquals({ n, split, classNames }, {
      n: name,
      split: held.split,
      classNames: held.classNames,
    });
    const again = await streamDataset(name, options);
    assertEquals(again.sha256, streamed.sha256);
    const fewer = await streamDataset(name, { ...options, images: 10 });
    assertNotEquals(fewer.sha256, streamed.sha256);
  }
  await assertRejects(
    () => streamDataset("textures", { images: 2_000_000 }),
    RangeError,
    "there are 1000000",
  );
});
