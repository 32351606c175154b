/**
 * Patch posteriors as theory.md defines them, in float64: the oracle of the other backends. It is
 * meant to be read, not to be fast.
 *
 * @module
 */
import { type ImageBatch, imageShapeOf, sliceBatch } from "../../core/image_batch.ts";
import { addCandidate } from "../add_candidate.ts";
import { emptyState } from "../merge_states.ts";
import type {
  AccumulateOptions,
  PatchPosterior,
  PatchRule,
  PosteriorRequest,
  PosteriorRun,
  PosteriorState,
} from "../patch_posterior.ts";
import { checkRequest, checkTile, hasScale } from "../request.ts";
import { weightsOf, type WindowWeights } from "../window_weights.ts";
import { ReferenceExplanation } from "./explain_reference.ts";

/**
 * The patch posterior in float64 on the calling thread.
 *
 * @example
 * ```ts
 * import {
 *   bytesToImages,
 *   createMachine,
 *   createSchedule,
 *   referencePosterior,
 *   syntheticTextures,
 * } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * const images = bytesToImages(syntheticTextures({ images: 4, size: 8 }));
 * const schedule = createSchedule("cosine_legacy");
 * const posterior = referencePosterior();
 * const machine = createMachine("ELS", { images, schedule, patchSize: 3, posterior });
 * assertEquals((await machine.predict(images, 0.5)).shape, images.shape);
 * ```
 *
 * @category Posterior
 */
export function referencePosterior(): PatchPosterior {
  return {
    name: "reference",
    begin: (request) => new ReferenceRun(request),
    explain: (request) => new ReferenceExplanation(request),
    dispose: () => Promise.resolve(),
  };
}

class ReferenceRun implements PosteriorRun {
  readonly #request: PosteriorRequest;
  readonly #windows: readonly WindowWeights[];
  readonly #state: PosteriorState;

  constructor(request: PosteriorRequest) {
    checkRequest(request);
    this.#request = request;
    this.#windows = weightsOf(request, imageShapeOf(request.query));
    const [queries, height, width, channels] = request.query.shape;
    this.#state = emptyState([queries, request.scales.length, height * width, channels]);
  }

  async accumulate(tile: ImageBatch, options: AccumulateOptions = {}): Promise<void> {
    const { query, rule, scales } = this.#request;
    const { select, abort, onProgress } = options;
    checkTile(tile, imageShapeOf(query), select);
    const count = select?.length ?? tile.shape[0];
    for (let i = 0; i < count; i++) {
      const index = select?.[i] ?? i;
      const y = sliceBatch(tile, index, index + 1).data;
      for (let b = 0; b < query.shape[0]; b++) {
        const x = sliceBatch(query, b, b + 1).data;
        if (hasScale(rule)) scales.forEach((_, s) => this.#addPatches(x, y, { b, s }));
        else this.#addWholeImages(x, y, b);
      }
      // A turn of the event loop, so that the caller can abort.
      await new Promise((resolve) => setTimeout(resolve));
      abort?.throwIfAborted();
      onProgress?.(i + 1);
    }
  }

  finish(): Promise<PosteriorState> {
    return Promise.resolve(this.#state);
  }

  /** Rules `whole` and `shifts`: one weight per image or per cyclic shift of it. */
  #addWholeImages(x: Float32Array, y: Float32Array, b: number): void {
    const { query: { shape: [, H, W, C] }, rule, signal, sigma } = this.#request;
    const at = (row: number, column: number) => ((row % H) * W + column % W) * C;
    for (let sy = 0; sy < (rule === "shifts" ? H : 1); sy++) {
      for (let sx = 0; sx < (rule === "shifts" ? W : 1); sx++) {
        let distance = 0;
        for (let row = 0; row < H; row++) {
          for (let column = 0; column < W; column++) {
            const p = at(row, column), q = at(row + sy, column + sx);
            for (let c = 0; c < C; c++) distance += (x[p + c]! - signal * y[q + c]!) ** 2;
          }
        }
        const logit = -distance / (2 * sigma ** 2);
        for (let row = 0; row < H; row++) {
          for (let column = 0; column < W; column++) {
            const cell = (b * H + row) * W + column;
            addCandidate(this.#state, { cell, logit, values: y, at: at(row + sy, column + sx) });
          }
        }
      }
    }
  }

  /** Rules with a scale: for each shift s, every pair of query pixel p and training pixel q = p + s. */
  #addPatches(x: Float32Array, y: Float32Array, at: { b: number; s: number }): void {
    const { query: { shape: [, H, W, C] }, rule, scales, signal, sigma } = this.#request;
    const { taps, radius: r, reach } = this.#windows[at.s]!;
    const cyclic = rule === "interior" || rule === "wrapped";
    const width = W + 2 * r;
    const differences = new Float64Array((H + 2 * r) * width);
    const rowSums = new Float64Array((H + 2 * r) * W);
    const [rowShifts, columnShifts] = [H, W].map((size) => shiftsAlong(size, rule));
    for (const sy of rowShifts!) {
      const qRows = matching(rule, { size: H, reach, shift: sy });
      for (const sx of columnShifts!) {
        const qColumns = matching(rule, { size: W, reach, shift: sx });
        if (qRows.length === 0 || qColumns.length === 0) continue;
        const [top, bottom] = [qRows[0]! - r, qRows.at(-1)! + r];
        const [left, right] = [qColumns[0]! - r, qColumns.at(-1)! + r];
        // Squared differences around every q, padding included, which is 0 or wraps around on both sides.
        for (let qy = top; qy <= bottom; qy++) {
          const qRow = placeOf(qy, H, cyclic), pRow = placeOf(qy - sy, H, cyclic);
          for (let qx = left; qx <= right; qx++) {
            const qColumn = placeOf(qx, W, cyclic), pColumn = placeOf(qx - sx, W, cyclic);
            const hasQ = qRow >= 0 && qColumn >= 0, hasP = pRow >= 0 && pColumn >= 0;
            const q = (qRow * W + qColumn) * C, p = (pRow * W + pColumn) * C;
            let difference = 0;
            for (let c = 0; c < C; c++) {
              difference += ((hasP ? x[p + c]! : 0) - (hasQ ? signal * y[q + c]! : 0)) ** 2;
            }
            differences[(qy + r) * width + qx + r] = difference;
          }
        }
        for (let qy = top; qy <= bottom; qy++) {
          for (const qx of qColumns) {
            let sum = 0;
            for (let d = -r; d <= r; d++) {
              sum += taps[Math.abs(d)]! * differences[(qy + r) * width + qx + r + d]!;
            }
            rowSums[(qy + r) * W + qx] = sum;
          }
        }
        for (const qy of qRows) {
          for (const qx of qColumns) {
            let distance = 0;
            for (let d = -r; d <= r; d++) {
              distance += taps[Math.abs(d)]! * rowSums[(qy + r + d) * W + qx]!;
            }
            const p = modulo(qy - sy, H) * W + modulo(qx - sx, W);
            const cell = (at.b * scales.length + at.s) * H * W + p;
            const logit = -distance / (2 * sigma ** 2);
            addCandidate(this.#state, { cell, logit, values: y, at: (qy * W + qx) * C });
          }
        }
      }
    }
  }
}

/** A place along an axis, wrapped around; -1 if it lies outside and nothing wraps. */
function placeOf(at: number, size: number, cyclic: boolean): number {
  return cyclic ? modulo(at, size) : at >= 0 && at < size ? at : -1;
}

function modulo(value: number, size: number): number {
  return ((value % size) + size) % size;
}

/** Shifts q - p along an axis: all residues where the query is cyclic, none if positions must agree. */
function shiftsAlong(size: number, rule: PatchRule): number[] {
  if (rule === "same-position") return [0];
  const first = rule === "same-border-distance" ? 1 - size : 0;
  return Array.from({ length: size - first }, (_, i) => first + i);
}

/** Along one axis: the training positions q that may match query position q - shift. */
function matching(
  rule: PatchRule,
  { size, reach, shift }: { size: number; reach: number; shift: number },
): number[] {
  const all = Array.from({ length: size }, (_, q) => q);
  const interior = (i: number) => i >= reach && i < size - reach;
  switch (rule) {
    case "interior":
      return all.filter(interior);
    case "same-border-distance":
      // The same distance from each border: the same place, or interior on both sides.
      return shift === 0 ? all : all.filter((q) => interior(q) && interior(q - shift));
    default:
      return all;
  }
}
