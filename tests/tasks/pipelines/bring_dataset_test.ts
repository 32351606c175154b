import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { sha256Hex } from "../../../src/core/sha256.ts";
import { DataFormatError } from "../../../src/core/errors.ts";
import { type DatasetSource, openInMemory } from "../../../src/datasets/source.ts";
import { CommandError } from "../../../tasks/cli/command.ts";
import { ProgressReporter } from "../../../tasks/cli/progress.ts";
import { bringDataset, type BringOptions } from "../../../tasks/pipelines/bring_dataset.ts";
import { inFolder } from "../../datasets/folder.ts";

const content = Uint8Array.from({ length: 300 }, (_, i) => i % 7);

/** A set of one file; each byte is an image of one pixel. `unpack` turns the file into another. */
async function tinySource({ unpack }: { unpack: boolean }): Promise<DatasetSource> {
  const used = unpack ? "unpacked.bin" : "tiny.bin";
  return {
    name: "tiny",
    about: { what: "pixels, 300 + 300", license: "none needed", page: "https://example.org/tiny" },
    archive: {
      files: [{
        name: "tiny.bin",
        url: "https://example.org/tiny.bin",
        bytes: content.length,
        checksum: { algorithm: "sha256", hex: await sha256Hex(content) },
      }],
      ...unpack && {
        async unpack([path]: readonly string[], { folder }: { readonly folder: string }) {
          await Deno.writeFile(join(folder, "unpacked.bin"), await Deno.readFile(path!));
        },
      },
    },
    async open({ from }) {
      const pixels = await Deno.readFile(join(from ?? "/nowhere", used));
      if (pixels.length === 0) throw new DataFormatError(from!, "empty");
      return openInMemory({ pixels, shape: [pixels.length, 1, 1, 1], labels: pixels }, ["pixel"]);
    },
  };
}

/** Brings the set into a folder and returns what was said. */
async function bring(source: DatasetSource, options: Partial<BringOptions>): Promise<string> {
  const said: string[] = [];
  const write = (text: string) => said.push(text);
  const output = { write, isTerminal: false, columns: () => 80, now: () => performance.now() };
  await bringDataset(source, {
    from: undefined,
    mirror: undefined,
    into: undefined,
    abort: new AbortController().signal,
    progress: new ProgressReporter(output),
    print: (line) => said.push(`${line}\n`),
    ...options,
  });
  return said.join("");
}

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("bring data set: fetched, verified, unpacked, the archive removed; then nothing is left to do", async () => {
  const requests: string[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    ({ url }) => {
      requests.push(new URL(url).pathname);
      return new Response(content);
    },
  );
  try {
    for (const unpack of [true, false]) {
      requests.length = 0;
      await inFolder(async (folder) => {
        const source = await tinySource({ unpack });
        const into = join(folder, "deep/tiny");
        const mirror = `http://127.0.0.1:${server.addr.port}/sets/`;
        const said = await bring(source, { into, mirror });
        const order = ["tiny: pixels", "License: none needed", "From: ", "To: ", "tiny.bin"];
        const places = order.map((word) => said.indexOf(word));
        assert(places.every((place, i) => place > (places[i - 1] ?? -1)), said);
        assertStringIncludes(said, `300 train and 300 test images are in ${into}`);
        assertStringIncludes(said, `--dataset tiny --from ${into}`);
        assertEquals(names(into), [unpack ? "unpacked.bin" : "tiny.bin"]);
        assertStringIncludes(await bring(source, { into, mirror }), "Nothing to fetch: 300 train");
        assertEquals(requests, ["/sets/tiny.bin"]);
      });
    }
  } finally {
    await server.shutdown();
  }
});

Deno.test("bring data set: from a file or its folder it is verified, copied or unpacked, and left there", async () => {
  for (const unpack of [true, false]) {
    await inFolder(async (folder) => {
      const source = await tinySource({ unpack });
      await Deno.writeFile(join(folder, "tiny.bin"), content);
      for (const from of [folder, join(folder, "tiny.bin")]) {
        const into = join(folder, `into${from.length}`);
        await bring(source, { into, from });
        assertEquals(names(into), [unpack ? "unpacked.bin" : "tiny.bin"]);
      }
      assert(names(folder).includes("tiny.bin"));
      await Deno.writeFile(join(folder, "tiny.bin"), content.with(3, 99));
      const into = join(folder, "damaged");
      const damaged = () => bring(source, { into, from: folder });
      await assertRejects(damaged, CommandError, "its SHA-256 is");
      assertEquals(names(into), []);
    });
  }
});
