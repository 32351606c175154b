/** Explanations in float64, candidate after candidate: the oracle of the other backends. */
import { type ImageBatch, imageShapeOf } from "../../core/image_batch.ts";
import {
  matchingPlaces,
  windowDistance,
  type WindowSetting,
} from "../explanation/candidate_windows.ts";
import { checkExplanation } from "../explanation/check_explanation.ts";
import { emptyExplanation, mergeExplanations } from "../explanation/explanation_state.ts";
import { insertCandidate } from "../explanation/insert_candidate.ts";
import type {
  ExplainTileOptions,
  ExplanationRequest,
  ExplanationRun,
  ExplanationState,
} from "../patch_posterior.ts";
import { checkTile, hasScale } from "../request.ts";
import { isPlainBox, weightsOf, type WindowWeights } from "../window_weights.ts";

/** Explains on the calling thread. */
export class ReferenceExplanation implements ExplanationRun {
  readonly #request: ExplanationRequest;
  readonly #weights: WindowWeights;
  #state: ExplanationState;
  #images = 0;

  constructor(request: ExplanationRequest) {
    checkExplanation(request);
    this.#request = request;
    const { query, scale, rule, window } = request;
    [this.#weights] = weightsOf({ window, rule, scales: [scale] }, imageShapeOf(query)) as [
      WindowWeights,
    ];
    this.#state = emptyExplanation([request.query.shape[0], request.pixels.length, request.top]);
  }

  async accumulate(tile: ImageBatch, options: ExplainTileOptions = {}): Promise<void> {
    const { select, abort, onProgress, first = this.#images } = options;
    const { query, rule } = this.#request;
    checkTile(tile, imageShapeOf(query), select);
    const count = select?.length ?? tile.shape[0];
    const length = first + tile.shape[0];
    const added: ExplanationState = {
      ...emptyExplanation(this.#state.shape),
      imageWeights: Array.from(this.#state.imageWeights, () => new Float64Array(length)),
    };
    for (let i = 0; i < count; i++) {
      const index = select?.[i] ?? i;
      for (let b = 0; b < query.shape[0]; b++) {
        const at = { b, tile, index, image: first + index };
        if (hasScale(rule)) this.#addPatches(added, at);
        else this.#addWholeImage(added, at);
      }
      // A turn of the event loop, so that the caller can abort.
      await new Promise((resolve) => setTimeout(resolve));
      abort?.throwIfAborted();
      onProgress?.(i + 1);
    }
    this.#images = Math.max(this.#images, length);
    this.#state = mergeExplanations(this.#state, added);
  }

  finish(): Promise<ExplanationState> {
    return Promise.resolve(this.#state);
  }

  #addPatches(state: ExplanationState, { b, tile, index, image }: ImageOfQuery): void {
    const { rule, sigma, pixels } = this.#request;
    const setting = this.#settingOf(b);
    const { height, width, channels } = setting;
    const start = index * height * width * channels, { reach } = this.#weights;
    pixels.forEach((pixel, e) => {
      const p = [Math.floor(pixel / width), pixel % width] as const;
      const rows = matchingPlaces(rule, { size: height, reach, place: p[0] });
      const columns = matchingPlaces(rule, { size: width, reach, place: p[1] });
      const candidates = rows.flatMap((row) => columns.map((column) => [row, column] as const));
      const logits = candidates.map((q) => {
        const of = { images: tile.data, start, limit: Infinity };
        return -windowDistance(setting, { p, q }, of) / (2 * sigma ** 2);
      });
      const positions = candidates.map(([row, column]) => row * width + column);
      this.#add(state, { b, e, image, logits, positions });
    });
  }

  /** Rules `whole` and `shifts`: a candidate has the same weight at all pixels. */
  #addWholeImage(state: ExplanationState, { b, tile, index, image }: ImageOfQuery): void {
    const { rule, signal, sigma, pixels } = this.#request;
    const { x, height: H, width: W, channels: C } = this.#settingOf(b);
    const start = index * H * W * C;
    const shifts = rule === "shifts" ? Array.from({ length: H * W }, (_, shift) => shift) : [0];
    const moved = (pixel: number, shift: number) =>
      (Math.floor(pixel / W) + Math.floor(shift / W)) % H * W + (pixel % W + shift % W) % W;
    const logits = shifts.map((shift) => {
      let distance = 0;
      for (let p = 0; p < H * W; p++) {
        const q = moved(p, shift);
        for (let c = 0; c < C; c++) {
          distance += (x[p * C + c]! - signal * tile.data[start + q * C + c]!) ** 2;
        }
      }
      return -distance / (2 * sigma ** 2);
    });
    pixels.forEach((pixel, e) => {
      const positions = shifts.map((shift) => moved(pixel, shift));
      this.#add(state, { b, e, image, logits, positions });
    });
  }

  /** Adds the candidates that a training image has for explained pixel e of query b. */
  #add(
    state: ExplanationState,
    { b, e, image, logits, positions }: {
      readonly b: number;
      readonly e: number;
      readonly image: number;
      readonly logits: readonly number[];
      readonly positions: readonly number[];
    },
  ): void {
    const { query: { shape: [, height, width] }, pixels, logSum } = this.#request;
    const cell = b * pixels.length + e;
    const normalizer = logSum[b * height * width + pixels[e]!]!;
    let weight = 0, entropy = 0;
    logits.forEach((logit, i) => {
      const logWeight = logit - normalizer;
      weight += Math.exp(logWeight);
      entropy -= timesLog(Math.exp(logWeight), logWeight);
      insertCandidate(state, { cell, logWeight, image, position: positions[i]! });
    });
    state.mass[cell] = state.mass[cell]! + weight;
    state.entropy[cell] = state.entropy[cell]! + entropy;
    state.imageEntropy[cell] = state.imageEntropy[cell]! - timesLog(weight, Math.log(weight));
    state.imageWeights[b]![image] = state.imageWeights[b]![image]! + weight;
  }

  #settingOf(b: number): WindowSetting {
    const { query: { data, shape }, rule, scale, window, signal } = this.#request;
    const [, height, width, channels] = shape;
    const values = height * width * channels;
    const x = data.subarray(b * values, (b + 1) * values);
    const weights = isPlainBox(window, [scale]) ? undefined : this.#weights;
    return { x, height, width, channels, rule, radius: this.#weights.radius, weights, signal };
  }
}

/** A training image that is a candidate of query b: where it lies, and its number among all. */
interface ImageOfQuery {
  readonly b: number;
  readonly tile: ImageBatch;
  readonly index: number;
  readonly image: number;
}

function timesLog(value: number, log: number): number {
  return value > 0 ? value * log : 0;
}
