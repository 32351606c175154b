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
  readonly #state: PosteriorState;

  constructor(request: PosteriorRequest) {
    checkRequest(request);
    this.#request = request;
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
        if (hasScale(rule)) scales.forEach((k, s) => this.#addPatches(x, y, { k, b, s }));
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
  #addPatches(x: Float32Array, y: Float32Array, at: { k: number; b: number; s: number }): void {
    const { query: { shape: [, H, W, C] }, rule, scales, signal, sigma } = this.#request;
    const cyclic = rule === "interior" || rule === "wrapped";
    const r = (at.k - 1) / 2;
    const width = W + 2 * r;
    const differences = new Float64Array((H + 2 * r) * width);
    const rowSums = new Float64Array((H + 2 * r) * W);
    const [rowShifts, columnShifts] = [H, W].map((size) => shiftsAlong(size, rule));
    for (const sy of rowShifts!) {
      const qRows = matching(rule, { size: H, r, shift: sy });
      for (const sx of columnShifts!) {
        const qColumns = matching(rule, { size: W, r, shift: sx });
        if (qRows.length === 0 || qColumns.length === 0) continue;
        const [top, bottom] = [qRows[0]! - r, qRows.at(-1)! + r];
        const [left, right] = [qColumns[0]! - r, qColumns.at(-1)! + r];
        // Squared differences around every q, padding included: 0 where either side is zero padding,
        // because a candidate's two patches then leave the image at the same places.
        for (let qy = top; qy <= bottom; qy++) {
          for (let qx = left; qx <= right; qx++) {
            let difference = 0;
            const py = qy - sy, px = qx - sx;
            const inside = qy >= 0 && qy < H && qx >= 0 && qx < W &&
              (cyclic || (py >= 0 && py < H && px >= 0 && px < W));
            if (rule === "wrapped" || inside) {
              const p = (modulo(py, H) * W + modulo(px, W)) * C;
              const q = (modulo(qy, H) * W + modulo(qx, W)) * C;
              for (let c = 0; c < C; c++) difference += (x[p + c]! - signal * y[q + c]!) ** 2;
            }
            differences[(qy + r) * width + qx + r] = difference;
          }
        }
        for (let qy = top; qy <= bottom; qy++) {
          for (const qx of qColumns) {
            let sum = 0;
            for (let d = 0; d < at.k; d++) sum += differences[(qy + r) * width + qx + d]!;
            rowSums[(qy + r) * W + qx] = sum;
          }
        }
        for (const qy of qRows) {
          for (const qx of qColumns) {
            let distance = 0;
            for (let d = 0; d < at.k; d++) distance += rowSums[(qy + d) * W + qx]!;
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
  { size, r, shift }: { size: number; r: number; shift: number },
): number[] {
  const all = Array.from({ length: size }, (_, q) => q);
  const interior = (i: number) => i >= r && i < size - r;
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
