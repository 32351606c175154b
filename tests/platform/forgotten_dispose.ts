/** A program that forgets to dispose of a machine and of a gradient pool; it must end all the same. */
import { createMachine } from "../../src/machines/create_machine.ts";
import { imageBatch } from "../../src/core/image_batch.ts";
import { Random } from "../../src/core/random.ts";
import { startBackend } from "../../src/networks/backend.ts";
import { createGradientPool } from "../../src/training/gradient_pool.ts";
import { resnet } from "../../src/networks/architectures/resnet.ts";
import { initialParameters } from "../../src/networks/weights/parameters.ts";
import { wasmPosterior } from "../../src/posterior/wasm/wasm_posterior.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";

const random = new Random(1);
const images = imageBatch(random.normals(4 * 64), [4, 8, 8, 1]);
const posterior = wasmPosterior({ workers: 2 });
const machine = createMachine("LS", { images, schedule: cosineLegacy(), patchSize: 3, posterior });
const { data } = await machine.predict(images, 0.5);
if (await posterior.start() !== 2) throw new Error("no posterior workers were started");

await startBackend("cpu");
const network = resnet({
  ...{ kind: "resnet", imageShape: [8, 8, 1], padding: "zeros", classes: 0 },
  ...{ width: 8, layers: 1, kernelSize: 1 },
});
const pool = await createGradientPool(network, { backend: "cpu", shards: 2, workers: 2 });
if (pool.workers !== 2) throw new Error("no training workers were started");
const parameters = initialParameters(network.parameters, random);
const batch = { x: data, target: data, shape: images.shape, times: [0.5, 0.5, 0.5, 0.5] };
const first = (await pool.compute(parameters, batch)).loss;

// Longer than threads wait: they have been ended, and are started again.
await new Promise((resolve) => setTimeout(resolve, 4500));
const again = await machine.predict(images, 0.5);
const second = (await pool.compute(parameters, batch)).loss;
const same = first === second && again.data.every((value, i) => value === data[i]);
console.log(same ? "the same after a pause" : "other values after a pause");
