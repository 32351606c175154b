/** Determinism: on the CPU what a network makes of an image does not hang on its batch. */
import { assertEquals } from "@std/assert";
import { concatBatches, imageBatch, sliceBatch } from "../../src/core/image_batch.ts";
import { Random } from "../../src/core/random.ts";
import {
  type Architecture,
  architectureFields,
  createNetwork,
} from "../../src/networks/architectures/architecture.ts";
import { startBackend } from "../../src/networks/backend.ts";
import { networkDenoiser } from "../../src/networks/network_denoiser.ts";
import { initialParameters } from "../../src/networks/weights/parameters.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";

const sizes: readonly Partial<Architecture>[] = [
  { kind: "resnet", width: 16, layers: 3 },
  { kind: "unet", channels: [8, 16] },
  { kind: "attention-unet", channels: [8, 16], attention: [8], blocks: 1 },
];

for (const each of sizes) {
  for (const padding of ["zeros", "circular"] as const) {
    Deno.test(`${each.kind}: the same bytes from any batch on wasm with ${padding}`, async () => {
      await startBackend("wasm");
      const fields = Object.entries(architectureFields(each.kind!));
      const network = createNetwork({
        ...Object.fromEntries(fields.map(([name, field]) => [name, field.default])),
        imageShape: [16, 16, 1],
        classes: 0,
        padding,
        ...each,
      } as Architecture);
      const random = new Random(5);
      // Layers that begin with zeros would hide what is before them.
      const parameters = initialParameters(network.parameters, random).map((value) =>
        value === 0 ? 0.1 * random.normal() : value
      );
      const denoiser = networkDenoiser({
        network,
        parameters,
        schedule: cosineLegacy(),
        training: {},
      });
      const x = imageBatch(random.normals(7 * 256), [7, 16, 16, 1]);
      const together = await denoiser.predict(x, 0.6);
      assertEquals(new Set(together.data).size > 1000, true);
      for (const cuts of [[1, 2, 3, 4, 5, 6], [3], [2, 6]]) {
        const parts = [];
        for (const [i, to] of [...cuts, 7].entries()) {
          parts.push(await denoiser.predict(sliceBatch(x, cuts[i - 1] ?? 0, to), 0.6));
        }
        assertEquals(concatBatches(parts), together);
      }
      denoiser.dispose();
    });
  }
}
