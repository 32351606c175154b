/** Threads that vanish: nobody is told of it, and still nobody waits for ever. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { DeviceUnavailableError } from "../../src/core/errors.ts";
import { Random } from "../../src/core/random.ts";
import { wasmPosterior } from "../../src/posterior/wasm/wasm_posterior.ts";
import { blobs, noisy, posteriorOf } from "./conformance.ts";

Deno.test("wasm: a thread that has ended itself is noticed within seconds, and the next call has a new one", async () => {
  const real = new URL("../../src/posterior/wasm/serve_posterior.ts", import.meta.url).href;
  // Ends at the first work that it is sent, without a word.
  const vanishing = "data:text/javascript," + encodeURIComponent(`
    import { servePosterior } from "${real}";
    await servePosterior();
    onmessage = () => close();
  `);
  let made = 0;
  await using backend = wasmPosterior({
    workers: 1,
    createWorker: () =>
      new Worker(
        made++ === 0
          ? vanishing
          : new URL("../../src/posterior/wasm/posterior_worker.ts", import.meta.url),
        { type: "module" },
      ),
  });
  const random = new Random(1);
  const images = blobs(20, [8, 8, 1], random);
  const each = {
    ...{ images, query: noisy(images, 0.2, random), t: 0.2 },
    ...{ rule: "interior" as const, scales: [3] },
  };
  const began = performance.now();
  await assertRejects(() => posteriorOf(backend, each), DeviceUnavailableError, "no sign of life");
  assert(performance.now() - began < 15_000);
  await using proper = wasmPosterior({ workers: 0 });
  assertEquals(await posteriorOf(backend, each), await posteriorOf(proper, each));
});
