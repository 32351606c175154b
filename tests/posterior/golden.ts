/** Reads the golden cases of the machines and measures scores against them. */
import { type ImageBatch, imageBatch } from "../../src/core/image_batch.ts";
import { parseSafetensors } from "../../src/formats/safetensors.ts";
import type {
  PatchPosterior,
  PatchRule,
  PosteriorState,
} from "../../src/posterior/patch_posterior.ts";
import { hasScale } from "../../src/posterior/request.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";

/** The machines that the golden files hold, by their rule. */
export const ruleOf: Readonly<Record<string, PatchRule>> = {
  IS: "whole",
  ES: "shifts",
  LS: "same-position",
  ELS: "interior",
  ELS_wrapped: "wrapped",
  bbELS: "same-border-distance",
};

export const goldenTimes = ["0.05", "0.25", "0.5", "0.75", "1.0"] as const;
export const goldenScales = [3, 7, 13, 21] as const;

export interface Golden {
  readonly name: string;
  readonly images: ImageBatch;
  readonly labels: Uint8Array;
  readonly metadata: Readonly<Record<string, string>>;
  /** A tensor of the file as [B, H, W, C]. */
  batch(name: string): ImageBatch;
  numbers(name: string): number[];
}

function toChannelsLast(data: Float32Array, [n, c, h, w]: number[]): ImageBatch {
  const out = new Float32Array(data.length);
  for (let b = 0; b < n!; b++) {
    for (let k = 0; k < c!; k++) {
      for (let p = 0; p < h! * w!; p++) {
        out[(b * h! * w! + p) * c! + k] = data[(b * c! + k) * h! * w! + p]!;
      }
    }
  }
  return imageBatch(out, [n!, h!, w!, c!]);
}

export async function readGolden(name: "mnist" | "cifar10"): Promise<Golden> {
  const { metadata, batch, numbers } = await readBatches(`machines_${name}`);
  return {
    name,
    images: batch("images"),
    labels: Uint8Array.from(numbers("labels")),
    metadata,
    batch,
    numbers,
  };
}

export interface Rivals extends Pick<Golden, "metadata" | "batch"> {
  /** Times that the file has, as in its names. */
  readonly times: readonly string[];
}

/** Clean images that the machines of others see, on the images and queries of the golden file. */
export async function readRivals(name: "mnist" | "cifar10"): Promise<Rivals> {
  const { names, metadata, batch } = await readBatches(`rivals_${name}`);
  const times = [...new Set(names.map((each) => each.slice(1, each.indexOf("/"))))];
  return { times, metadata, batch };
}

async function readBatches(
  file: string,
): Promise<Pick<Golden, "metadata" | "batch" | "numbers"> & { readonly names: string[] }> {
  const url = new URL(`../fixtures/${file}.safetensors`, import.meta.url);
  const { tensors, metadata } = parseSafetensors(await Deno.readFile(url), file);
  const tensor = (key: string) => {
    const found = tensors.get(key);
    if (found === undefined) throw new Error(`the golden file has no ${key}`);
    return found;
  };
  const batch = (key: string) => {
    const { shape, data } = tensor(key);
    if (!(data instanceof Float32Array)) throw new Error(`${key} is not float32`);
    return toChannelsLast(data, shape.length === 3 ? [1, ...shape] : [...shape]);
  };
  const numbers = (key: string) => Array.from(tensor(key).data as ArrayLike<number>, Number);
  return { names: [...tensors.keys()], metadata, batch, numbers };
}

/** The score (signal * xHat0 - x) / sigma^2 of one scale, in float64. */
export function scoreOf(
  state: PosteriorState,
  { x, t, scale = 0 }: { x: ImageBatch; t: number; scale?: number },
): Float64Array {
  const schedule = cosineLegacy();
  const signal = schedule.signal(t), sigma = schedule.sigma(t);
  const [queries, scales, pixels, channels] = state.shape;
  const score = new Float64Array(queries * pixels * channels);
  for (let b = 0; b < queries; b++) {
    for (let p = 0; p < pixels; p++) {
      const cell = (b * scales + scale) * pixels + p;
      for (let c = 0; c < channels; c++) {
        const i = (b * pixels + p) * channels + c;
        const mean = state.acc[cell * channels + c]! / state.sum[cell]!;
        score[i] = (signal * mean - x.data[i]!) / sigma ** 2;
      }
    }
  }
  return score;
}

/** |a - b| / |b| in the L2 norm. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`${a.length} values against ${b.length}`);
  let difference = 0, norm = 0;
  for (let i = 0; i < a.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    norm += b[i]! ** 2;
  }
  return Math.sqrt(difference / norm);
}

/**
 * Relative errors of a backend's scores of one machine at one time against the file, by scale; the
 * scales of a machine without one are not looked at.
 */
export async function goldenErrors(
  backend: PatchPosterior,
  { golden, name, time, scales }: {
    readonly golden: Golden;
    readonly name: string;
    readonly time: string;
    readonly scales: readonly number[];
  },
): Promise<{ readonly k: number; readonly error: number }[]> {
  const schedule = cosineLegacy();
  const t = Number(time), x = golden.batch(`t${time}/x`);
  const rule = ruleOf[name]!;
  const scaled = hasScale(rule);
  const run = backend.begin({
    query: x,
    rule,
    scales: scaled ? scales : [1],
    signal: schedule.signal(t),
    sigma: schedule.sigma(t),
  });
  await run.accumulate(golden.images);
  const state = await run.finish();
  return (scaled ? scales : [1]).map((k, scale) => {
    const expected = golden.batch(`t${time}/${name}${scaled ? `/k${k}` : ""}`).data;
    return { k, error: relativeError(scoreOf(state, { x, t, scale }), expected) };
  });
}
