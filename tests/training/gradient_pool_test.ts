import { assertEquals, assertMatch } from "@std/assert";
import { Random } from "../../src/core/random.ts";
import { createNetwork } from "../../src/networks/architectures/architecture.ts";
import { startBackend } from "../../src/networks/backend.ts";
import { initialParameters } from "../../src/networks/weights/parameters.ts";
import { createGradientPool } from "../../src/training/gradient_pool.ts";

const network = () =>
  createNetwork({
    kind: "resnet",
    imageShape: [4, 4, 1],
    padding: "zeros",
    classes: 0,
    width: 8,
    layers: 1,
    kernelSize: 3,
  });

Deno.test("gradient pool: where no thread can be started this one works, and says why", async () => {
  await startBackend("cpu");
  const parameters = initialParameters(network().parameters, new Random(1));
  const random = new Random(2);
  const batch = {
    x: random.normals(4 * 16),
    target: random.normals(4 * 16),
    shape: [4, 4, 4, 1],
    times: [0.2, 0.4, 0.6, 0.8],
  } as const;
  const one = await createGradientPool(network(), { backend: "cpu", shards: 2, workers: 1 });
  const expected = await one.compute(parameters, batch);

  const { Worker: realWorker } = globalThis;
  const { warn } = console;
  const warnings: string[] = [];
  console.warn = (text: string) => warnings.push(text);
  try {
    for (
      const missing of [
        undefined,
        class {
          constructor() {
            throw new Error("not found");
          }
        },
      ]
    ) {
      Object.assign(globalThis, { Worker: missing });
      const pool = await createGradientPool(network(), { backend: "cpu", shards: 2, workers: 2 });
      assertEquals(pool.workers, 1);
      assertEquals(await pool.compute(parameters, batch), expected);
    }
  } finally {
    Object.assign(globalThis, { Worker: realWorker });
    console.warn = warn;
  }
  assertEquals(warnings.length, 2);
  assertMatch(warnings[0]!, /^Training runs on one thread: this runtime has no web workers$/);
  assertMatch(
    warnings[1]!,
    /^Training runs on one thread: a worker cannot be started \(not found\)$/,
  );
});
