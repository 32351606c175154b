import { assert, assertLess } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { findAdapter } from "../../src/gpu/adapter.ts";
import { imageBatch, sliceBatch } from "../../src/core/image_batch.ts";
import { Random } from "../../src/core/random.ts";
import { compareVectors } from "../../src/calibration/similarity.ts";
import { wasmPosterior } from "../../src/posterior/wasm/wasm_posterior.ts";
import { webgpuPosterior } from "../../src/posterior/webgpu/webgpu_posterior.ts";
import { createNetwork } from "../../src/networks/architectures/architecture.ts";
import { startBackend } from "../../src/networks/backend.ts";
import { initialParameters, unflatten } from "../../src/networks/weights/parameters.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";
import { blobs, noisy, posteriorOf } from "./conformance.ts";

const hasGpu = await findAdapter() !== undefined;
if (!hasGpu) console.log("skipped: tensors to the posterior on webgpu: no GPU adapter");

const shape = [2, 12, 12, 3] as const, values = 12 * 12 * 3;
const scales = [3, 7], time = 0.5;
const schedule = cosineLegacy();
const noise = { signal: schedule.signal(time), sigma: schedule.sigma(time) };
const rules = ["interior", "same-border-distance"] as const;
const images = blobs(20, [12, 12, 3], new Random(1));
const network = createNetwork({
  kind: "resnet",
  imageShape: [12, 12, 3],
  width: 8,
  layers: 2,
  kernelSize: 3,
  padding: "zeros",
  classes: 0,
});
const parameters = initialParameters(network.parameters, new Random(2));

/** A step back in time with the network, then its prediction there: two tensors of the backend in use. */
function stepAndPredict(): { x: tf.Tensor4D; eps: tf.Tensor4D } {
  const start = noisy(sliceBatch(images, 3, 5), 0.6, new Random(3));
  return tf.tidy(() => {
    const tensors = unflatten(network.parameters, parameters);
    const from = tf.tensor4d(start.data, [...shape]);
    const old = network.forward(tensors, { x: from, times: [0.6, 0.6] });
    const x0 = tf.div(tf.sub(from, tf.mul(old, schedule.sigma(0.6))), schedule.signal(0.6));
    const x = tf.add(tf.mul(x0, noise.signal), tf.mul(old, noise.sigma)) as tf.Tensor4D;
    return { x, eps: network.forward(tensors, { x, times: [time, time] }) };
  });
}

/** The same on the CPU: cosine of each rule, scale and sample. */
async function onCpu(): Promise<number[]> {
  await startBackend("wasm");
  const { x, eps } = stepAndPredict();
  const query = imageBatch(await x.data() as Float32Array, [...shape]);
  const predicted = await eps.data();
  tf.dispose([x, eps]);
  await using posterior = wasmPosterior({ workers: 0 });
  const cosines: number[] = [];
  for (const rule of rules) {
    const { acc, sum } = await posteriorOf(posterior, { images, query, rule, scales, t: time });
    for (let scale = 0; scale < scales.length; scale++) {
      for (let b = 0; b < shape[0]; b++) {
        const cell = (b * scales.length + scale) * values;
        const machine = Array.from({ length: values }, (_, i) => {
          const mean = acc[cell + i]! / sum[Math.floor((cell + i) / 3)]!;
          return (query.data[b * values + i]! - noise.signal * mean) / noise.sigma;
        });
        const { cosine } = compareVectors(
          predicted.subarray(b * values, (b + 1) * values),
          machine,
        );
        cosines.push(cosine!);
      }
    }
  }
  return cosines;
}

Deno.test({
  name:
    "meanOnDevice: a network's tensors reach the similarities without leaving TensorFlow.js's GPU",
  ignore: !hasGpu,
  // The device's own timers and promises live as long as the process.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const expected = await onCpu();
    const { device } = await startBackend("webgpu");
    assert(device !== undefined);
    const mapAsync = GPUBuffer.prototype.mapAsync;
    const read: number[] = [];
    GPUBuffer.prototype.mapAsync = function (...given) {
      read.push(this.size);
      return mapAsync.apply(this, given);
    };
    const posterior = webgpuPosterior({ device });
    const found: number[] = [];
    const tensorsBefore = tf.memory().numTensors;
    try {
      const { x, eps } = stepAndPredict();
      const query = x.dataToGPU();
      for (const rule of rules) {
        const request = { query: query.buffer!, shape, images, rule, scales, ...noise };
        const buffer = await posterior.meanOnDevice(request);
        const cosines = tf.tidy(() => {
          const mean = tf.tensor({ buffer }, [scales.length, ...shape]);
          const machine = tf.div(tf.sub(x, tf.mul(mean, noise.signal)), noise.sigma);
          const sum = (a: tf.Tensor, b: tf.Tensor) => tf.sum(tf.mul(a, b), [-3, -2, -1]);
          return tf.div(
            sum(machine, eps),
            tf.sqrt(tf.mul(sum(machine, machine), sum(eps, eps))),
          );
        });
        found.push(...await cosines.data());
        cosines.dispose();
        buffer.destroy();
      }
      tf.dispose([x, eps, query.tensorRef]);
      // A few numbers about the distances, and the cosines: no image.
      assert(read.length > 0);
      assertLess(Math.max(...read), 4 * values);
      assert(tf.memory().numTensors === tensorsBefore, "a tensor was left");
    } finally {
      GPUBuffer.prototype.mapAsync = mapAsync;
      await posterior.dispose();
      await startBackend("wasm");
    }
    assert(found.length === expected.length && expected.length === 8);
    found.forEach((cosine, i) => {
      // Scores within 1e-5 of the reference on both sides, and a network in float32 on two backends.
      assertLess(Math.abs(cosine - expected[i]!), 2e-5, `${i}: ${cosine} for ${expected[i]}`);
    });
  },
});
