import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { loadDataset } from "@els/toolkit/datasets";
import { encodePng } from "@els/toolkit/formats";
import {
  bytesToImages,
  sliceBatch,
  syntheticTextures,
  wasmPosterior,
  type WasmPosteriorOptions,
} from "@els/toolkit/machines";
import { zooFolder } from "../../src/zoo/zoo_files.ts";
import { bundle } from "./bundle.ts";
import { zooParameters } from "./entry_points_program.ts";
import { generate } from "./generate.ts";
import type { NodeReport } from "./node_program.ts";
import { findNodes, missingNodes, type Node } from "./nodes.ts";

const nodes = await findNodes();
for (const version of missingNodes(nodes)) {
  console.log(`skipped: machines in Node ${version}: npx -y node@${version} -v brings it here`);
}

async function imageHere(options: WasmPosteriorOptions): Promise<number[]> {
  const posterior = wasmPosterior(options);
  try {
    return [...await generate(posterior)];
  } finally {
    await posterior.dispose();
  }
}

async function runIn(
  { command: [program, ...before] }: Node,
  args: readonly string[],
): Promise<{ out: string; errors: string }> {
  const { stdout, stderr } = await new Deno.Command(program, {
    args: [...before, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const [out, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { out: out!, errors: errors! };
}

Deno.test({
  name: "node: machines generate the same bytes as in Deno, and every entry point loads",
  ignore: nodes.size === 0,
  async fn(test) {
    const folder = await Deno.makeTempDir();
    try {
      await bundle(["node_program", "node_posterior_program"], { to: folder, platform: "deno" });
      await Deno.writeTextFile(join(folder, "package.json"), '{ "type": "module" }');
      const pictures = join(folder, "pictures");
      await Deno.mkdir(pictures);
      const textures = bytesToImages(syntheticTextures({ images: 3, size: 9 }));
      for (const i of [0, 1, 2]) {
        const png = encodePng(sliceBatch(textures, i, i + 1));
        await Deno.writeFile(join(pictures, `${i}.png`), png);
      }
      const { sha256 } = await loadDataset("folder", { from: pictures, size: 8 });
      const simd = await imageHere({ workers: 0, build: "simd" });
      const fastest = await imageHere({ workers: 0 });
      for (const node of nodes.values()) {
        await test.step(`node ${node.version}`, async () => {
          const { out, errors } = await runIn(node, [
            join(folder, "node_program.js"),
            ...[pictures, zooFolder.href],
          ]);
          // One line, from the one backend that was not told how to start a thread.
          assertMatch(
            errors,
            /^The patch posterior runs on one thread: this runtime has no web workers\n$/,
          );
          const report = JSON.parse(out) as NodeReport;
          assertEquals(report.runtime, `node ${node.version}`);
          assertEquals(report.dataset, sha256);
          assertEquals(report.simd, { threads: 0, image: simd });
          // Node 20 has no relaxed SIMD and takes the build without it.
          const expected = report.relaxed ? fastest : simd;
          assertEquals(report.threads, { threads: 2, image: expected });
          assertEquals(report.alone, { threads: 0, image: expected });
          assertEquals(report.entryPoints.images, [3, 8, 8, 1]);
          assertEquals(report.zoo, await zooParameters(zooFolder.href));
          assertMatch(report.entryPoints.dataset, /^nowhere: there is no such file or folder/);
          assertMatch(
            report.entryPoints.run,
            /^Cannot open a run: found node [\d.]+, expected Deno/,
          );
        });
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
