/** What a command will need of memory, told before it begins. */
import type { ImageBatch } from "../../src/core/image_batch.ts";
import { type ImageStream, isImageStream } from "../../src/core/image_stream.ts";
import { isPatchSize } from "../../src/core/patch_size.ts";
import type { BackendInfo } from "../../src/networks/backend.ts";
import { predictionCost } from "../../src/networks/network_denoiser.ts";
import type { Network } from "../../src/networks/network.ts";
import { bytesText, type MemoryByBatch, wasmBytes } from "../../src/networks/tensor_memory.ts";
import { parameterCount } from "../../src/networks/weights/parameters.ts";
import { kernelBytes } from "../../src/posterior/wasm/kernel_memory.ts";
import { trainingMemory } from "../../src/training/training_memory.ts";
import { CommandError } from "../cli/command.ts";
import { duration, type ProgressReporter } from "../cli/progress.ts";
import type { NetworkSession, Session } from "./session.ts";

/** Bytes of a thread with the modules that it loads, measured; and of the process before any work. */
const threadBytes = 90 * 2 ** 20;
const processBytes = 250 * 2 ** 20;

/** Work that takes memory. */
export interface MemoryNeed {
  /** What is done, such as "train with batches of 64". */
  readonly what: string;
  /** Most bytes that each thread takes. */
  readonly perThread: number;
  /** Most bytes that it can have; infinite where only the machine limits it. */
  readonly limit: number;
  readonly threads: number;
  /** Bytes that all threads see: images, weights, states. */
  readonly shared: number;
  /** What can be lowered, in words of the command line. */
  readonly lower: string;
}

/** What this machine has, in bytes. */
export interface MachineMemory {
  readonly total: number;
  readonly available: number;
}

/** The memory that a container permits, as `deno task` tells; infinite without a limit. */
function memoryLimit(): number {
  const name = "ELS_MEMORY_LIMIT";
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Number(Deno.env.get(name) ?? Infinity) : Infinity;
}

/** The memory of this machine, or of the container; undefined where asking is not permitted. */
export function machineMemory(): MachineMemory | undefined {
  const { state } = Deno.permissions.querySync({ name: "sys", kind: "systemMemoryInfo" });
  if (state !== "granted") return undefined;
  const { total, available } = Deno.systemMemoryInfo();
  const limit = memoryLimit();
  return { total: Math.min(total, limit), available: Math.min(available, limit) };
}

/** Images that fit where so many bytes may be used; 0 if not even one does. */
export function imagesThatFit({ fixed, perImage }: MemoryByBatch, bytes: number): number {
  return Math.max(0, Math.floor((bytes - fixed) / perImage));
}

/** Bytes that some work takes of the machine. */
export function neededBytes({ perThread, threads, shared }: MemoryNeed): number {
  return processBytes + shared + threads * (threadBytes + perThread);
}

/**
 * Says what some work needs where that is more than there is.
 *
 * @returns A note where it may not fit beside what else runs; undefined where it fits.
 * @throws CommandError where it cannot fit.
 */
export function checkMemory(
  need: MemoryNeed,
  machine: MachineMemory | undefined,
): string | undefined {
  const { what, perThread, limit, threads, lower } = need;
  if (perThread > limit) {
    throw new CommandError(
      `Cannot ${what}: a thread needs about ${bytesText(perThread)}, and WebAssembly gives it ` +
        `${bytesText(limit)}; lower ${lower}`,
    );
  }
  if (machine === undefined) return undefined;
  const bytes = neededBytes(need);
  const asked = `about ${bytesText(bytes)}${threads > 1 ? ` in ${threads} threads` : ""}`;
  if (bytes > machine.total) {
    throw new CommandError(
      `Cannot ${what}: that needs ${asked}, and this machine has ${bytesText(machine.total)}; ` +
        `lower ${lower}`,
    );
  }
  if (bytes <= machine.available) return undefined;
  return `Note: to ${what} needs ${asked}, of which ${
    bytesText(machine.available)
  } are free now; ` +
    `if it ends for want of memory, lower ${lower}`;
}

/** What a thread's tensors may take; on the cpu backend they lie in the engine's own memory. */
const limitOf = ({ name }: BackendInfo) => name === "wasm" ? wasmBytes : Infinity;

const threadsOf = (workers: number | undefined) => workers ?? navigator.hardwareConcurrency ?? 1;

/** Tells what a training will need, if that is more than there is. Nothing is known of a GPU's memory. */
export async function tellTrainingMemory(
  network: Network,
  { batchSize, shards, workers, images, backend, progress }: {
    readonly batchSize: number;
    readonly shards: number;
    readonly workers: number | undefined;
    readonly images: ImageBatch;
    readonly backend: BackendInfo;
    readonly progress: ProgressReporter;
  },
): Promise<void> {
  if (backend.name === "webgpu") return;
  const memory = await trainingMemory(network);
  const shard = Math.ceil(batchSize / Math.min(shards, batchSize));
  const perThread = memory.fixed + shard * memory.perImage;
  const fits = Math.min(shards, batchSize) * imagesThatFit(memory, limitOf(backend));
  const note = checkMemory({
    what: `train with batches of ${batchSize}`,
    perThread,
    limit: limitOf(backend),
    threads: Math.min(threadsOf(workers), shards),
    // Weights with two moments, average, gradient, and the shards' gradients.
    shared: images.data.byteLength + (6 + shards) * 4 * parameterCount(network.parameters),
    lower: perThread > limitOf(backend) && fits > 0
      ? `--batch-size (about ${fits} fits)`
      : "--batch-size or --width",
  }, machineMemory());
  if (note !== undefined) progress.note(note);
}

/** Images twice, as threads share them; of a stream the few tiles that are there at a time. */
function bytesOf(images: ImageBatch | ImageStream): number {
  const bytes = 4 * images.shape.reduce((product, size) => product * size);
  return isImageStream(images) ? Math.min(2 * bytes, 2 ** 29) : 2 * bytes;
}

/** What is computed at a time. */
export interface WorkAtATime {
  /** Images that are made together. */
  readonly samples: number;
  /** Images of all samples and steps that the network will look at; absent: not known before. */
  readonly predictions?: number;
  /** Patch sizes that are computed together. */
  readonly patchSizes?: readonly number[];
  readonly workers?: number | undefined;
}

/** Networks of more operations an image are told of, with what they take, before they begin. */
const largeNetwork = 1e9;

/**
 * Tells what making images with a network, and with machines, will need, if that is more than there is; of
 * a large network always, its time too.
 */
export async function tellSamplingMemory(
  { network, backend, progress, data, posterior, run }:
    & NetworkSession
    & Partial<Pick<Session, "posterior">>
    & { readonly data?: { readonly images: ImageBatch | ImageStream } },
  { samples, predictions, patchSizes = [], workers }: WorkAtATime,
): Promise<void> {
  if (run.finished) return;
  const onHost = backend.name !== "webgpu";
  const memory = onHost
    ? await predictionCost(network)
    : { fixed: 0, perImage: 0, secondsPerImage: 0 };
  // A denoiser takes so many at a time.
  const tensors = memory.fixed + Math.min(32, samples) * memory.perImage;
  const [height, width, channels] = network.network.architecture.imageShape;
  const machine = posterior?.name === "wasm"
    ? kernelBytes({
      ...{ queries: samples, scales: Math.max(1, patchSizes.length), height, width, channels },
      patchSize: Math.max(1, ...patchSizes),
      weighted: !patchSizes.every((k) => isPatchSize(k)),
    })
    : 0;
  const parameters = parameterCount(network.network.parameters);
  const need = {
    what: `make ${samples} images at a time`,
    perThread: Math.max(machine, tensors),
    limit: tensors > machine ? limitOf(backend) : wasmBytes,
    threads: machine > 0 ? threadsOf(workers) : 1,
    // The file that the weights are read from, and they themselves.
    shared: (data === undefined ? 0 : bytesOf(data.images)) + 8 * parameters,
    lower: patchSizes.length > 1 ? "the number of --scales or --samples" : "--samples or --images",
  };
  const note = checkMemory(need, machineMemory());
  if (note !== undefined) progress.note(note);
  if (!onHost || network.network.flopsPerImage < largeNetwork) return;
  const { secondsPerImage } = memory;
  const inAll = predictions === undefined
    ? ""
    : `, in all about ${duration(predictions * secondsPerImage)}`;
  progress.note(
    `Network of ${(parameters / 1e6).toFixed(1)} million parameters: about ` +
      `${bytesText(neededBytes(need))}, ${secondsPerImage.toPrecision(2)} s an image and ` +
      `step${inAll}`,
  );
}
