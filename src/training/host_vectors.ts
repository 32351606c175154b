/** The flat vectors of a training on the host, and a step's arithmetic on them. */
import { fastestBuild } from "../core/wasm_builds.ts";
import { adamDefaults, AdamW } from "./adamw.ts";
import { emaDecayAt, updateAverage } from "./ema.ts";
import type { TrainingState } from "./optimization.ts";
import { simd } from "./wasm/optimizer_wasm.ts";

/** What a step does besides following the gradient. */
export interface HostStep {
  /** How much the gradient counts: less than 1 where it is clipped. */
  readonly factor: number;
  readonly learningRate: number;
  /** Decay of the moving average; 0: it is the parameters themselves. */
  readonly emaDecay: number;
}

/** Vectors of a training; all are changed in place. */
export interface HostVectors {
  readonly parameters: Float32Array;
  readonly average: Float32Array;
  readonly mean: Float32Array;
  readonly square: Float32Array;
  /** Of the next step. */
  readonly gradients: Float32Array;
  /** Norm of the gradients. */
  norm(): number;
  /** Step number `step`, counted from 1. */
  apply(step: number, options: HostStep): void;
}

/** Plain loops, for engines without SIMD: what the others do, byte for byte. */
export function plainVectors(start: TrainingState, weightDecay: number): HostVectors {
  const average = start.average.slice();
  const gradients = new Float32Array(start.parameters.length);
  const optimizer = new AdamW(start.parameters, { weightDecay }, start);
  const { parameters, state: { mean, square } } = optimizer;
  return {
    parameters,
    average,
    mean,
    square,
    gradients,
    norm: () => Math.sqrt(gradients.reduce((sum, g) => sum + g * g, 0)),
    apply(step, { factor, learningRate, emaDecay }) {
      if (factor !== 1) gradients.forEach((g, i) => gradients[i] = g * factor);
      optimizer.step(gradients, learningRate);
      if (emaDecay > 0) updateAverage(average, parameters, { decay: emaDecay, step });
      else average.set(parameters);
    },
  };
}

/** Exports of `optimizer.as.ts`; pointers and numbers. */
interface OptimizerFunctions {
  readonly sumOfSquares: (values: number, n: number) => number;
  readonly step: (...args: number[]) => void;
}

const PAGE = 65536;

/** The vectors in a module's memory, with the same bytes as the plain loops. */
function nativeVectors(
  start: TrainingState,
  { bytes, weightDecay }: { readonly bytes: Uint8Array<ArrayBuffer>; readonly weightDecay: number },
): HostVectors {
  const count = start.parameters.length;
  const floats = Math.ceil(count / 4) * 4;
  const parts = ["parameters", "mean", "square", "average", "gradients"] as const;
  const memory = new WebAssembly.Memory({
    initial: Math.ceil(parts.length * floats * 4 / PAGE) || 1,
  });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  const { sumOfSquares, step: takeStep } = instance.exports as unknown as OptimizerFunctions;
  const pointers = parts.map((_, i) => i * floats * 4);
  const [parameters, mean, square, average, gradients] = pointers.map((pointer) =>
    new Float32Array(memory.buffer, pointer, count)
  ) as [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array];
  parameters.set(start.parameters);
  mean.set(start.mean);
  square.set(start.square);
  average.set(start.average);
  const { beta1, beta2, epsilon } = adamDefaults;
  return {
    parameters,
    average,
    mean,
    square,
    gradients,
    norm: () => Math.sqrt(sumOfSquares(pointers[4]!, count)),
    apply(step, { factor, learningRate, emaDecay }) {
      takeStep(
        ...pointers,
        floats,
        factor,
        beta1,
        beta2,
        1 - learningRate * weightDecay,
        learningRate / (1 - beta1 ** step),
        Math.sqrt(1 - beta2 ** step),
        epsilon,
        emaDecay > 0 ? emaDecayAt(emaDecay, step) : 0,
      );
    },
  };
}

/** The vectors of a state, copied, by the fastest arithmetic that the engine has. */
export function hostVectors(start: TrainingState, weightDecay: number): HostVectors {
  const bytes = fastestBuild({ simd });
  return bytes ? nativeVectors(start, { bytes, weightDecay }) : plainVectors(start, weightDecay);
}
