/** Training threads that vanish amid the work: noticed, saved, and the training goes on from there. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { DeviceUnavailableError } from "../../src/core/errors.ts";
import { startBackend } from "../../src/networks/backend.ts";
import { createGradientPool } from "../../src/training/gradient_pool.ts";
import type { TrainingState } from "../../src/training/optimization.ts";
import { optimizeNetwork } from "../../src/training/optimize_network.ts";
import { examples, smallRecipe, smallResnet } from "./small_training.ts";

const network = smallResnet(1);
const recipe = smallRecipe(6);

async function train(
  { resume, save }: {
    readonly resume?: TrainingState;
    readonly save?: (state: TrainingState) => void;
  } = {},
): Promise<TrainingState> {
  const pool = await createGradientPool(network, { backend: "wasm", shards: 2, workers: 2 });
  try {
    return await optimizeNetwork(network, {
      ...{ examples, recipe, pool },
      ...resume && { resume },
      ...save && { checkpoints: { every: 100, save } },
    });
  } finally {
    pool.dispose();
  }
}

Deno.test("training: a thread that vanishes is noticed within seconds, the state saved and gone on from", async () => {
  await startBackend("wasm");
  const whole = await train();
  const { Worker: RealWorker } = globalThis;
  let messages = 0;
  // Ends the thread, as a crash does, in place of its shard of the fourth step.
  globalThis.Worker = class extends RealWorker {
    override postMessage(message: unknown): void {
      const { kind } = message as { readonly kind: string };
      if (kind === "shard" && ++messages === 7) this.terminate();
      else super.postMessage(message);
    }
  };
  let saved: TrainingState | undefined;
  const began = performance.now();
  try {
    await assertRejects(
      () => train({ save: (state) => saved = state }),
      DeviceUnavailableError,
      "A training worker is gone: it gave no sign of life for",
    );
  } finally {
    globalThis.Worker = RealWorker;
  }
  assert(performance.now() - began < 20_000);
  assertEquals(saved?.step, 3);
  assertEquals(await train({ resume: saved! }), whole);
});
