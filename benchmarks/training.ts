/**
 * Training steps of the ResNet beside PyTorch's in one run: images/s and GFLOP/s.
 *
 * `deno task bench:train [--widths 32,64] [--layers 4] [--batch 16]`
 *
 * @module
 */
import { Random } from "../src/array/random.ts";
import { quantile } from "../src/array/statistics.ts";
import { startBackend } from "../src/networks/backend.ts";
import { resnet } from "../src/networks/resnet.ts";
import { createSchedule } from "../src/schedules/create_schedule.ts";
import { createGradientPool } from "../src/training/gradient_pool.ts";
import { train } from "../src/training/train.ts";
import { runCommand } from "../tasks/cli/command.ts";
import { textTable } from "../tasks/cli/table.ts";

const STEPS = 12;
const WARM = 3;

/** Seconds of the median step, and whether the loss stayed a number. */
async function measure(
  { width, layers, batch, workers }: Record<"width" | "layers" | "batch" | "workers", number>,
): Promise<{ seconds: number; flops: number }> {
  const network = resnet({
    kind: "resnet",
    imageShape: [32, 32, 1],
    width,
    layers,
    kernelSize: 3,
    padding: "zeros",
    classes: 0,
  });
  const pool = await createGradientPool(network, { backend: "wasm", shards: workers, workers });
  const times: number[] = [];
  let last = performance.now();
  try {
    await train(network, {
      examples: {
        images: { data: new Random(1).normals(batch * 1024), shape: [batch, 32, 32, 1] },
        schedule: createSchedule("cosine_legacy"),
        batchSize: batch,
        seed: 1,
      },
      recipe: {
        steps: STEPS,
        learningRate: { base: 1e-4, warmup: 0, decay: 1 },
        weightDecay: 0,
        emaDecay: 0,
        clipNorm: 0,
      },
      pool,
      onStep() {
        const now = performance.now();
        times.push((now - last) / 1e3);
        last = now;
      },
    });
  } finally {
    pool.dispose();
  }
  return { seconds: quantile(times.slice(WARM), 0.5), flops: 3 * batch * network.flopsPerImage };
}

/** GFLOP/s of the PyTorch side, where Python has torch. */
async function peer(
  { script, width, layers, batch, threads }:
    & Record<"width" | "layers" | "batch" | "threads", number>
    & { readonly script: string },
): Promise<number | undefined> {
  for (const python of ["python3", "/usr/bin/python3"]) {
    try {
      const args = [script, "train", "--channels", width, "--layers", layers, "--batch", batch];
      const { success, stdout } = await new Deno.Command(python, {
        args: [...args, "--threads", threads].map(String),
        stderr: "null",
      }).output();
      const rate = /([\d.]+) GFLOP\/s/.exec(new TextDecoder().decode(stdout));
      if (success && rate) return Number(rate[1]);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return undefined;
}

await runCommand({
  name: "bench:train",
  description: "Times training steps of the ResNet on the wasm backend, beside PyTorch where a " +
    "python3 with torch and the peer script are at hand.",
  flags: {
    widths: { type: "integers", min: 8, default: [32, 48, 64], help: "Channels" },
    layers: { type: "integer", min: 1, default: 4, help: "Residual layers" },
    batch: { type: "integer", min: 2, default: 16, help: "Images per step" },
    peer: {
      type: "string",
      default: "../shared/bench/torch_peer.py",
      placeholder: "FILE",
      help: "PyTorch side",
    },
  },
}, async ({ flags }) => {
  await startBackend("wasm");
  const threads = navigator.hardwareConcurrency;
  const rows: (string | number)[][] = [];
  for (const width of flags.widths) {
    const shape = { width, layers: flags.layers, batch: flags.batch };
    const torch = await peer({ ...shape, threads, script: flags.peer });
    for (const workers of [...new Set([1, threads])]) {
      const { seconds, flops } = await measure({ ...shape, workers });
      const rate = flops / seconds / 1e9;
      rows.push([
        width,
        workers,
        (seconds * 1e3).toFixed(0),
        (flags.batch / seconds).toFixed(0),
        rate.toFixed(1),
        torch === undefined ? "no torch" : torch.toFixed(1),
        torch === undefined ? "" : (rate / torch).toFixed(2),
      ]);
    }
  }
  console.log(textTable({
    header: [
      "channels",
      "workers",
      "ms/step",
      "images/s",
      "GFLOP/s",
      `PyTorch (${threads})`,
      "ratio",
    ],
    rows,
  }));
});
