/** What the state dict of a SongUNet tells of its architecture. */
import { CheckpointMismatchError } from "../../core/errors.ts";
import { quoted } from "../../core/quoted.ts";
import type { StoredTensor } from "../../formats/safetensors.ts";
import type { SongUnetArchitecture } from "../architectures/song_unet.ts";

/** Taps of a filter along one axis, of what a buffer holds of both: their products over their sum squared. */
export function resampleTaps({ shape, data }: StoredTensor, source: string): number[] {
  const n = shape.at(-1) ?? 0;
  const values = Array.from(data, Number);
  const sums = Array.from(
    { length: n },
    (_, i) => values.slice(i * n, (i + 1) * n).reduce((sum, value) => sum + value, 0),
  );
  const least = Math.min(...sums);
  const taps = sums.map((sum) => Math.round(sum / least));
  const total = taps.reduce((sum, tap) => sum + tap, 0) ** 2;
  const right = shape.join() === [1, 1, n, n].join() && n > 0 &&
    values.every((value, i) =>
      Math.abs(value - taps[Math.floor(i / n)]! * taps[i % n]! / total) < 1e-6
    );
  if (right) return taps;
  throw new CheckpointMismatchError(
    `${source}: its resample_filter ${
      quoted(values.slice(0, 4))
    } of shape [${shape}] is not made of ` +
      "whole taps, such as 1, 1 or 1, 3, 3, 1, along both axes",
  );
}

/**
 * The architecture of a network whose parameters have these names and shapes.
 *
 * @param source Name of the file, for messages.
 * @throws CheckpointMismatchError if a parameter that tells something is missing.
 */
export function songArchitectureOf(
  tensors: ReadonlyMap<string, StoredTensor>,
  source: string,
): SongUnetArchitecture {
  const size = (name: string, axis: number): number => {
    const found = tensors.get(name)?.shape[axis];
    if (found !== undefined) return found;
    throw new CheckpointMismatchError(`${source}: ${name} is missing, a SongUNet has it`);
  };
  const has = (part: string) => [...tensors.keys()].some((name) => name.includes(part));
  const names = [...tensors.keys()].join("\n");
  const found = (pattern: RegExp) =>
    [...names.matchAll(pattern)].map(([, digits]) => Number(digits));
  const sides = [...new Set(found(/^enc\.(\d+)x\1_block0\./gm))].sort((a, b) => b - a);
  const [side] = sides;
  if (side === undefined) {
    throw new CheckpointMismatchError(`${source}: enc has no blocks, a SongUNet has some`);
  }
  const of = (way: string, at: number, part: string) => `${way}.${at}x${at}_${part}`;
  const blocks = Math.max(...found(new RegExp(`^enc\\.${side}x${side}_block(\\d+)\\.`, "gm"))) + 1;
  const first = of("enc", side, "conv.weight");
  const filter = [...tensors].find(([name]) => name.endsWith(".resample_filter"))?.[1];
  const frequencies = tensors.get("map_noise.freqs");
  return {
    kind: "song-unet",
    imageShape: [side, side, size(first, 1)],
    padding: "zeros",
    classes: tensors.has("map_label.weight") ? size("map_label.weight", 1) : 0,
    width: size(first, 0),
    channels: sides.map((at) => size(of("enc", at, "block0.conv1.weight"), 0)),
    blocks,
    attention: sides.filter((at) => tensors.has(of("enc", at, "block0.qkv.weight"))),
    embedding: size("map_layer0.weight", 0),
    waves: size("map_layer0.weight", 1),
    frequencies: frequencies === undefined ? [] : Array.from(frequencies.data, Number),
    encoder: has("_aux_residual.") ? "residual" : has("_aux_skip.") ? "skip" : "standard",
    decoder: sides.slice(1).some((at) => tensors.has(of("dec", at, "aux_conv.weight")))
      ? "skip"
      : "standard",
    filter: filter === undefined ? [1, 1] : resampleTaps(filter, source),
  };
}
