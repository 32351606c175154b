/** How much memory work on tensors takes, and what is said where it does not suffice. */
import * as tf from "@tensorflow/tfjs";
import { DeviceUnavailableError, isToolkitError } from "../core/errors.ts";

/** An operation: name, inputs, attributes. */
type KernelCall = Parameters<ReturnType<typeof tf.engine>["runKernel"]>;

/** Bytes that WebAssembly can address: what one thread can have at most. */
export const wasmBytes = 2 ** 32;

/**
 * Calls back after every operation of TensorFlow.js on this thread.
 *
 * @returns What ends that.
 */
export function onOperations(callback: () => void): () => void {
  const engine = tf.engine();
  const { runKernel } = engine;
  engine.runKernel = <T extends tf.Tensor | tf.Tensor[]>(...call: KernelCall) => {
    const result = runKernel.apply(engine, call) as T;
    callback();
    return result;
  };
  return () => {
    engine.runKernel = runKernel;
  };
}

/** Most bytes that the tensors of some work take at a time, beside those that were there before. */
export async function peakBytes(work: () => unknown): Promise<number> {
  const before = tf.memory().numBytes;
  let most = before;
  const end = onOperations(() => {
    most = Math.max(most, tf.memory().numBytes);
  });
  try {
    await work();
  } finally {
    end();
  }
  return most - before;
}

/** Bytes by the number of images that go through at a time: a straight line. */
export interface MemoryByBatch {
  /** Whatever the batch: the weights, and what belongs to them. */
  readonly fixed: number;
  readonly perImage: number;
}

/** Measures work with batches of one and of two images; more need in proportion. */
export async function memoryByBatch(
  work: (batch: number) => unknown,
): Promise<MemoryByBatch> {
  const one = await peakBytes(() => work(1));
  const two = await peakBytes(() => work(2));
  const perImage = Math.max(0, two - one);
  return { fixed: Math.max(0, one - perImage), perImage };
}

/** A part of the wasm backend of TensorFlow.js. */
interface WasmBackend {
  readonly wasm: {
    HEAPU8: Uint8Array;
    _malloc(bytes: number): number;
    _free(pointer: number): void;
  };
}

const guarded = new WeakSet<object>();

/** Bytes as people say them. */
export function bytesText(bytes: number): string {
  return bytes < 2 ** 29
    ? `${Math.ceil(bytes / 2 ** 20)} MiB`
    : `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}

/** What memory ran out in, and what may help. */
function outOfMemory(what: string, cause?: unknown): DeviceUnavailableError {
  return new DeviceUnavailableError(
    `Cannot compute on the wasm backend: ${what}, and WebAssembly gives a thread ` +
      `${bytesText(wasmBytes)} at most`,
    {
      remedy: (say) =>
        `take fewer images at a time (${say.option("batchSize")}) or a smaller network`,
      cause,
    },
  );
}

/**
 * Makes the wasm backend say what it lacks. Where memory runs out TensorFlow.js would write to address 0, or
 * end with "Aborted(). Build with -sASSERTIONS for more info".
 */
export function guardWasmMemory(backend: object): void {
  if (guarded.has(backend)) return;
  guarded.add(backend);
  const { wasm } = backend as WasmBackend;
  // Its first call puts another function in its own place.
  wasm._free(wasm._malloc(16));
  const malloc = wasm._malloc.bind(wasm);
  const used = () => bytesText(tf.memory().numBytes);
  wasm._malloc = (bytes) => {
    const pointer = malloc(bytes);
    if (pointer === 0 && bytes > 0) {
      throw outOfMemory(`${bytesText(bytes)} are asked for beside ${used()} of tensors`);
    }
    return pointer;
  };
  const engine = tf.engine();
  const { runKernel } = engine;
  engine.runKernel = <T extends tf.Tensor | tf.Tensor[]>(...call: KernelCall) => {
    try {
      return runKernel.apply(engine, call) as T;
    } catch (error) {
      if (isToolkitError(error) || !(error instanceof WebAssembly.RuntimeError)) throw error;
      throw outOfMemory(
        `${call[0]} stopped (${
          error.message.replace(/\. Build with .*/, "")
        }) beside ${used()} of ` +
          "tensors",
        error,
      );
    }
  };
}

/** Complaints of the module's own, which the error says in one line. */
const complaints = /^(Aborted\(|failed to asynchronously prepare wasm|wasm streaming compile)/;

/**
 * Does work during which the module of the wasm backend is made, and complains nowhere for itself, then or
 * later.
 *
 * @returns What the work returns, and the first complaint.
 */
export async function withoutComplaints<T>(
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly complaint: string | undefined }> {
  const { error, warn } = console;
  let complaint: string | undefined;
  const quiet = (say: typeof error): typeof error => (...values) => {
    const text = String(values[0]);
    if (complaints.test(text)) complaint ??= text.replace(/^Aborted\((.*)\)$/s, "$1");
    else say.apply(console, values);
  };
  console.error = quiet(error);
  console.warn = quiet(warn);
  try {
    const result = await work();
    return { result, complaint };
  } finally {
    console.error = error;
    console.warn = warn;
  }
}
