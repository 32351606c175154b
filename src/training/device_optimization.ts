import * as tf from "@tensorflow/tfjs";
import type { Network } from "../networks/network.ts";
import { sizeOf, unflatten } from "../networks/weights/parameters.ts";
import { explained } from "../networks/webgpu_guard.ts";
import { copyValues, runProgram, webgpuBackend } from "../networks/layers/webgpu/tfjs_queue.ts";
import { adamw, LOG_STEPS, PARTS, SIZE, squares, verdict } from "./adamw_wgsl.ts";
import { emaDecayAt } from "./ema.ts";
import { meanLossAndGradients, type TrainingBatch } from "./gradients.ts";
import {
  checkFinite,
  type Optimization,
  type OptimizationRecipe,
  type TrainingState,
  type TrainingStep,
} from "./optimization.ts";

/** Seconds of work that are queued before the host looks at how it went. */
const REPORT_SECONDS = 0.5;

const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-8];

/**
 * Steps that stay on the GPU of the webgpu backend: examples go up, gradients, optimizer and moving
 * average are tensors there, and the host reads only losses and norms, many at once, while the next
 * steps are at work. Never more than two readings' worth of steps is queued.
 */
export function deviceOptimization(
  network: Network,
  start: TrainingState,
  { weightDecay, emaDecay, clipNorm }: OptimizationRecipe,
): Optimization {
  const backend = webgpuBackend();
  const count = start.parameters.length;
  const hold = (values: Float32Array) => {
    const tensor = tf.tensor1d(values.slice());
    // So that nobody takes the values of the host for the tensor's.
    backend.uploadToGPU(tensor.dataId);
    return tensor;
  };
  const flat = {
    parameters: hold(start.parameters),
    average: hold(start.average),
    mean: hold(start.mean),
    square: hold(start.square),
  };
  const gradients = hold(new Float32Array(count));
  const partial = hold(new Float32Array(PARTS));
  const judged = hold(new Float32Array(2));
  const log = hold(new Float32Array(2 * LOG_STEPS));
  const named = unflatten(network.parameters, start.parameters);
  let at = 0;
  const places = network.parameters.map((spec) => {
    const place = { tensor: named[spec.name]!, at, count: sizeOf(spec) };
    at += place.count;
    return place;
  });

  let step = start.step;
  let unread: { readonly step: number; readonly learningRate: number }[] = [];
  let reading: Promise<TrainingStep[]> | undefined;
  let interval = 1;
  let last = performance.now();

  function queueStep(batch: TrainingBatch, learningRate: number): void {
    const { loss, gradients: found } = tf.tidy(() => meanLossAndGradients(network, named, batch));
    step++;
    copyValues(
      backend,
      places.map(({ at, count }, i) => ({ from: found[i]!, to: gradients, toAt: at, count })),
    );
    runProgram(backend, squares, {
      tensors: [gradients, partial],
      params: { count },
      workgroups: PARTS,
    });
    runProgram(backend, verdict, {
      tensors: [partial, loss, judged, log],
      params: { slot: step % LOG_STEPS, clipNorm },
      workgroups: 1,
    });
    const decay = emaDecay > 0 ? emaDecayAt(emaDecay, step) : 0;
    runProgram(backend, adamw, {
      tensors: [judged, gradients, flat.parameters, flat.mean, flat.square, flat.average],
      params: {
        count,
        beta1: BETA1,
        other1: 1 - BETA1,
        beta2: BETA2,
        other2: 1 - BETA2,
        keep: 1 - learningRate * weightDecay,
        stepSize: learningRate / (1 - BETA1 ** step),
        root: Math.sqrt(1 - BETA2 ** step),
        epsilon: EPSILON,
        decay,
        otherDecay: 1 - decay,
      },
      workgroups: Math.ceil(count / SIZE),
    });
    copyValues(
      backend,
      places.map(({ tensor, at, count }) => ({
        from: flat.parameters,
        fromAt: at,
        to: tensor,
        count,
      })),
    );
    tf.dispose([loss, ...found]);
  }

  /** Values of a tensor as they are after all that is queued now. */
  async function snapshot(tensor: tf.Tensor): Promise<Float32Array> {
    // A copy: a tensor that was read once would answer with the same values for ever.
    return await explained(backend, async () => {
      const copy = tf.engine().makeTensorFromTensorInfo(
        backend.makeTensorInfo(tensor.shape, "float32"),
      );
      try {
        copyValues(backend, [{ from: tensor, to: copy, count: tensor.size }]);
        return await copy.data() as Float32Array;
      } finally {
        copy.dispose();
      }
    });
  }

  async function read(): Promise<TrainingStep[]> {
    const steps = unread;
    unread = [];
    if (steps.length === 0) return [];
    const values = await snapshot(log);
    const now = performance.now();
    const each = (now - last) / 1e3 / steps.length;
    last = now;
    interval = Math.max(1, Math.min(LOG_STEPS, Math.round(REPORT_SECONDS / each)));
    return steps.map(({ step, learningRate }) => {
      const slot = 2 * (step % LOG_STEPS);
      const report = { step, loss: values[slot]!, gradientNorm: values[slot + 1]!, learningRate };
      checkFinite(report);
      return report;
    });
  }

  /** Begins a reading, and gives the reports of the one before. */
  async function turn(): Promise<TrainingStep[]> {
    const earlier = reading;
    reading = read();
    // Whoever waits for it next is told.
    reading.catch(() => {});
    return await earlier ?? [];
  }

  return {
    async step(batch, learningRate) {
      await explained(backend, () => queueStep(batch, learningRate));
      unread.push({ step, learningRate });
      return unread.length < interval ? [] : await turn();
    },
    async flush() {
      return [...await turn(), ...await turn()];
    },
    async state() {
      const all = [flat.parameters, flat.average, flat.mean, flat.square];
      const [parameters, average, mean, square] = await Promise.all(all.map(snapshot)) as [
        Float32Array,
        Float32Array,
        Float32Array,
        Float32Array,
      ];
      return { step, parameters, average, mean, square };
    },
    dispose() {
      tf.dispose([...Object.values(flat), ...Object.values(named)]);
      tf.dispose([gradients, partial, judged, log]);
    },
  };
}
