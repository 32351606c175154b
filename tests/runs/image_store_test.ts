import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { join } from "@std/path";
import { Random } from "../../src/core/random.ts";
import { parseSafetensors, writeSafetensors } from "../../src/formats/safetensors.ts";
import { watchStore } from "../../src/runs/store_file.ts";
import { ImageStore, type ImageStoreOptions } from "../../src/runs/image_store.ts";

const imageShape = [2, 3, 1] as const;
const noise = { dtype: "F32", shape: [4, 2, 3, 1], data: new Random(1).normals(24) } as const;
const options: ImageStoreOptions = {
  names: ["network", "ELS"],
  samples: 4,
  imageShape,
  known: new Map([["noise", noise]]),
  metadata: { layout: "NHWC" },
};
const imagesOf = (sample: number) => ({
  network: new Random(sample, "network").normals(6),
  ELS: new Random(sample, "ELS").normals(6),
});

async function inFolder(use: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(join(folder, "images.safetensors"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The file of an uninterrupted run. */
async function whole(path: string): Promise<Uint8Array> {
  using store = await ImageStore.open(path, options);
  for (let sample = 0; sample < 4; sample++) store.write(sample, imagesOf(sample));
  return await Deno.readFile(path);
}

/** A whole file, but for one value of what is known from the start. */
async function otherNoise(path: string): Promise<Uint8Array> {
  const { tensors } = parseSafetensors(await whole(path));
  return writeSafetensors(
    new Map([...tensors, ["noise", { ...noise, data: noise.data.with(3, 0) }]]),
  );
}

Deno.test("image store: what is written in any order is read back, now and later", async () => {
  await inFolder(async (path) => {
    {
      using store = await ImageStore.open(path, options);
      assertEquals(store.done, []);
      store.write(2, imagesOf(2));
      store.write(0, { ...imagesOf(0), network: [1, 2, 3, 4, 5, 6] });
      assertEquals([store.done, store.read(2)], [[0, 2], imagesOf(2)]);
    }
    using store = await ImageStore.open(path, options);
    assertEquals(store.done, [0, 2]);
    assertEquals([...store.read(0).network!], [1, 2, 3, 4, 5, 6]);
    const { data, shape } = store.all("ELS");
    assertEquals(shape, [4, ...imageShape]);
    assertEquals(data.subarray(12, 18), imagesOf(2).ELS);
  });
});

Deno.test("image store: the file is plain safetensors", async () => {
  await inFolder(async (path) => {
    const { tensors, metadata } = parseSafetensors(await whole(path));
    assertEquals(metadata, { layout: "NHWC" });
    assertEquals([...tensors.keys()].sort(), ["ELS", "crc32", "network", "noise"]);
    assertEquals(tensors.get("noise")!.data, noise.data);
    assertEquals(
      (tensors.get("network")!.data as Float32Array).subarray(6, 12),
      imagesOf(1).network,
    );
  });
});

Deno.test("image store: an interruption after any byte gives the same file in the end", async () => {
  await inFolder(async (path) => {
    const expected = await whole(path);
    await Deno.remove(path);
    (await ImageStore.open(path, options))[Symbol.dispose]();
    const empty = await Deno.readFile(path);
    // Some of the bytes that are written, here those that come first in the file.
    const changed = [...expected.keys()].filter((i) => expected[i] !== empty[i]);
    assert(changed.length > 4 * 2 * 6, "the images are in the file");
    for (let cut = 0; cut < changed.length; cut += 5) {
      const torn = empty.slice();
      for (const i of changed.slice(0, cut)) torn[i] = expected[i]!;
      await Deno.writeFile(path, torn);
      using store = await ImageStore.open(path, options);
      const { done } = store;
      for (const sample of done) assertEquals(store.read(sample), imagesOf(sample), `byte ${cut}`);
      for (let sample = 0; sample < 4; sample++) {
        if (!done.includes(sample)) store.write(sample, imagesOf(sample));
      }
      assertEquals(await Deno.readFile(path), expected, `byte ${cut}`);
    }
  });
});

Deno.test("image store: a flipped bit undoes its sample and no other", async () => {
  await inFolder(async (path) => {
    const bytes = await whole(path);
    const at = new DataView(bytes.buffer);
    const first = imagesOf(3).ELS[0]!;
    const offset = [...bytes.keys()].find((i) =>
      i % 4 === 0 && i + 4 <= bytes.length && at.getFloat32(i, true) === first
    )!;
    bytes[offset]! ^= 1;
    await Deno.writeFile(path, bytes);
    using store = await ImageStore.open(path, options);
    assertEquals(store.done, [0, 1, 2]);
  });
});

Deno.test("image store: a file of something else is begun anew", async () => {
  await inFolder(async (path) => {
    for (
      const other of [
        new Uint8Array(3),
        writeSafetensors(new Map([["noise", noise]])),
        await otherNoise(path),
      ]
    ) {
      await Deno.writeFile(path, other);
      using store = await ImageStore.open(path, options);
      assertEquals(store.done, []);
    }
    await whole(path);
    using more = await ImageStore.open(path, { ...options, names: ["network", "LS"] });
    assertEquals(more.done, []);
  });
});

Deno.test("image store: names, samples and sizes that do not fit are a RangeError", async () => {
  await inFolder(async (path) => {
    for (const name of ["crc32", "noise"]) {
      await assertRejects(
        () => ImageStore.open(path, { ...options, names: [name] }),
        RangeError,
        "the name is taken",
      );
    }
    using store = await ImageStore.open(path, options);
    for (const sample of [-1, 4, 0.5]) {
      assertThrows(() => store.write(sample, imagesOf(0)), RangeError, `sample ${sample}`);
    }
    const { network } = imagesOf(0);
    assertThrows(() => store.write(0, { network }), RangeError, "image ELS of sample 0: found no");
    assertThrows(() => store.write(0, { network, ELS: [1] }), RangeError, "found 1 values");
    assertEquals(store.done, []);
  });
});

Deno.test("image store: cut or filled with zeros anywhere, the samples that are left are kept and told", async () => {
  await inFolder(async (path) => {
    const expected = await whole(path);
    let kept = 0;
    for (let at = 0; at < expected.length; at += 37) {
      for (const damaged of [expected.slice(0, at), expected.slice().fill(0, at)]) {
        await Deno.writeFile(path, damaged);
        using store = await ImageStore.open(path, options);
        const { done } = store;
        kept += done.length;
        assert(done.length === 4 || store.damage !== undefined, `byte ${at}`);
        for (const sample of done) assertEquals(store.read(sample), imagesOf(sample), `byte ${at}`);
        for (let sample = 0; sample < 4; sample++) {
          if (!done.includes(sample)) store.write(sample, imagesOf(sample));
        }
        assertEquals(await Deno.readFile(path), expected, `byte ${at}`);
      }
    }
    assert(kept > 20, "what lies before the damage is worth something");
  });
});

Deno.test("image store: a damaged header costs no sample, and is that of this run again", async () => {
  await inFolder(async (path) => {
    const expected = await whole(path);
    for (const at of [0, 9, 40]) {
      await Deno.writeFile(path, expected.with(at, 0xff));
      using store = await ImageStore.open(path, options);
      assertEquals(store.done, [0, 1, 2, 3]);
      assertStringIncludes(store.damage!, "its header is damaged; 4 of its 4 samples are whole");
      assertEquals(await Deno.readFile(path), expected);
    }
  });
});

Deno.test("image store: a batch that is stopped anywhere is there as a whole or not at all", async () => {
  await inFolder(async (path) => {
    const batch = new Map([1, 2, 3].map((sample) => [sample, imagesOf(sample)]));
    for (let stop = 0;; stop++) {
      await Deno.remove(path).catch(() => {});
      let done = 0;
      let stopped = false;
      {
        using store = await ImageStore.open(path, options);
        store.write(0, imagesOf(0));
        using _ = watchStore(() => {
          if (done++ !== stop) return;
          stopped = true;
          throw new Error("stopped");
        });
        try {
          store.writeBatch(batch);
        } catch (error) {
          assertEquals((error as Error).message, "stopped");
        }
      }
      using store = await ImageStore.open(path, options);
      const all = store.done.length === 4;
      assert(all || store.done.length === 1, `${store.done} after ${stop} operations`);
      if (!stopped) break;
    }
  });
});
