/**
 * Convolutions on webgpu by each tile, checked against a composition of tfjs operations and then timed:
 * the numbers behind the rates in `src/networks/layers/webgpu/tile.ts`.
 *
 * `deno task bench:conv [--channels 64,256] [--batch 128] [--peak 60]`
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { Random } from "../src/core/random.ts";
import { composedConv2d } from "../src/networks/layers/conv2d_composed.ts";
import type { Conv2dImplementation } from "../src/networks/layers/conv2d_implementation.ts";
import { webgpuConv2dBy } from "../src/networks/layers/webgpu/conv2d_kernels.ts";
import { type Tile, tiles } from "../src/networks/layers/webgpu/tile.ts";
import { CommandError, defineVerb, runVerb } from "../tasks/cli/command.ts";
import { textTable } from "../tasks/cli/table.ts";
import { startBackend } from "../src/networks/backend.ts";

const attributes = { padding: "zeros", relu: true, inputGradient: true } as const;

function tensors({ batch, size, channels }: Record<"batch" | "size" | "channels", number>) {
  const random = new Random(1);
  const draw = (shape: readonly number[], scale = 1) =>
    tf.tensor(
      random.normals(shape.reduce((a, b) => a * b)).map((v) => scale * v),
      shape as [number],
    );
  return {
    x: draw([batch, size, size, channels]) as tf.Tensor4D,
    filter: draw([3, 3, channels, channels], 1 / Math.sqrt(9 * channels)) as tf.Tensor4D,
    bias: draw([channels]),
    shift: draw([batch, channels]),
    dy: draw([batch, size, size, channels]) as tf.Tensor4D,
  };
}

type Tensors = ReturnType<typeof tensors>;

/** All results of both ways of a convolution. */
function results(implementation: Conv2dImplementation, { dy, ...inputs }: Tensors): tf.Tensor[] {
  const y = implementation.forward(inputs, attributes);
  return [y, ...Object.values(implementation.backward({ ...inputs, y, dy }, attributes))];
}

/** The largest difference of any result, relative to its norm. */
async function difference(tile: Tile | undefined, given: Tensors): Promise<number> {
  const errors = tf.tidy(() => {
    const found = results(webgpuConv2dBy(tile), given);
    return results(composedConv2d, given).map((expected, i) =>
      tf.div(tf.norm(tf.sub(found[i]!, expected)), tf.norm(expected))
    );
  });
  const values = await Promise.all(errors.map((error) => error.data()));
  tf.dispose(errors);
  return Math.max(...values.map((value) => value[0]!));
}

/** Seconds of one run of what `work` queues. */
async function time(work: () => tf.Tensor[], seconds: number): Promise<number> {
  const run = async (count: number) => {
    let last: tf.Tensor | undefined;
    for (let i = 0; i < count; i++) {
      const made = tf.tidy(work);
      last?.dispose();
      last = made.pop();
      tf.dispose(made);
    }
    // One value: the reading waits for all that was queued before.
    const value = tf.tidy(() => tf.slice(tf.reshape(last!, [-1]), 0, 1));
    await value.data();
    tf.dispose([value, last!]);
  };
  await run(1);
  let count = 1;
  for (;;) {
    const from = performance.now();
    await run(count);
    const took = (performance.now() - from) / 1e3;
    if (took >= seconds || count >= 4096) return took / count;
    count = Math.ceil(count * Math.min(16, 1.2 * seconds / took + 1));
  }
}

/** This command. */
export const verb = defineVerb({
  name: "bench:conv",
  description:
    "Checks and times 3 x 3 convolutions on webgpu, as many channels in as out, by each tile.",
  flags: {
    channels: { type: "integers", min: 1, default: [64, 128, 256], help: "Channels" },
    batch: { type: "integer", min: 1, default: 128, help: "Images" },
    size: { type: "integer", min: 1, default: 32, help: "Height and width" },
    seconds: { type: "number", min: 0, default: 0.5, help: "Time to spend on each number" },
    peak: {
      type: "number",
      min: 0,
      help: "The GPU's TFLOP/s, to say which part of it was reached",
    },
  },
}, async ({ flags, print }) => {
  const { size, batch, seconds, peak } = flags;
  const { adapter } = await startBackend("webgpu");
  print(`3 x 3 convolutions on ${adapter}, ${batch} images of ${size} x ${size}`);
  for (const channels of flags.channels) {
    const given = tensors({ batch, size, channels });
    const flops = 2 * 9 * channels ** 2 * size ** 2 * batch;
    const rows: string[][] = [];
    for (const tile of [undefined, ...tiles]) {
      const error = await difference(tile, given);
      const name = tile ? `${tile.rows} x ${tile.columns}` : "chosen";
      // Roundings of sums of thousands of products, in another order.
      if (!(error < 2e-5)) throw new CommandError(`Tiles of ${name} are wrong by ${error}`);
      const implementation = webgpuConv2dBy(tile);
      const { dy, ...inputs } = given;
      const y = implementation.forward(inputs, attributes);
      const forward = await time(() => [implementation.forward(inputs, attributes)], seconds);
      const backward = await time(() => {
        const { x, filter, bias, shift } = implementation.backward(
          { ...inputs, y, dy },
          attributes,
        );
        return [x, bias, shift, filter];
      }, seconds);
      y.dispose();
      const rates = [flops / forward, 2 * flops / backward, 3 * flops / (forward + backward)];
      rows.push([
        name,
        error.toExponential(1),
        ...rates.map((rate) => (rate / 1e9).toFixed(1)),
        ...peak ? [(rates[2]! / peak / 1e12).toFixed(2)] : [],
      ]);
    }
    tf.dispose(Object.values(given));
    print(`\n${channels} channels, GFLOP/s`);
    print(textTable({
      header: ["tile", "error", "forward", "backward", "both", ...peak ? ["of the peak"] : []],
      rows,
    }));
  }
});

if (import.meta.main) await runVerb(verb);
