import { ArgumentError } from "../../core/errors.ts";
import type { PatchRule } from "../patch_posterior.ts";

/**
 * How training patches move along one axis.
 *
 * - `inside`: they lie inside the image, and the query wraps around;
 * - `cyclic`: both wrap around;
 * - `padded`: they stay at the query's place, zeros on both sides outside.
 */
export type Axis = "inside" | "cyclic" | "padded";

/** A part of a rule in which both axes move in one way each. */
export interface Segment {
  readonly y: Axis;
  readonly x: Axis;
  /**
   * Which query pixels are matched: `every`; or those that are interior in the axes that move and at
   * an edge in the axes that stay, so that the segments of a rule share no pixel.
   */
  readonly owns: "every" | "inner-query" | "edge-query";
}

/** Sizes that a shader is compiled for. */
export interface KernelShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Patch size, odd. */
  readonly k: number;
}

/** The segments of a rule at a scale; those without any candidate are left out. */
export function segmentsOf(
  rule: PatchRule,
  { height, width, k }: Omit<KernelShape, "channels">,
): Segment[] {
  switch (rule) {
    case "interior":
      return [{ y: "inside", x: "inside", owns: "every" }];
    case "wrapped":
      return [{ y: "cyclic", x: "cyclic", owns: "every" }];
    case "same-position":
      return [{ y: "padded", x: "padded", owns: "every" }];
    case "same-border-distance": {
      if (k === 1) return [{ y: "inside", x: "inside", owns: "every" }];
      const rows = height >= k, columns = width >= k;
      const segments: Segment[] = [];
      if (rows && columns) segments.push({ y: "inside", x: "inside", owns: "inner-query" });
      if (columns) segments.push({ y: "padded", x: "inside", owns: "edge-query" });
      if (rows) segments.push({ y: "inside", x: "padded", owns: "edge-query" });
      segments.push({ y: "padded", x: "padded", owns: "edge-query" });
      return segments;
    }
    default:
      throw new ArgumentError(`The rule "${rule}" compares whole images and has no segments`);
  }
}

/** Pairs (p, q) of one training image in a segment. */
export function pairsOf(
  segment: Segment,
  { height, width, k }: Omit<KernelShape, "channels">,
): number {
  const along = (axis: Axis, size: number) => {
    const inner = Math.max(0, size - k + 1);
    if (axis === "cyclic") return size * size;
    if (axis === "padded") return segment.owns === "every" ? size : size - inner;
    return segment.owns === "every" ? size * inner : inner * inner;
  };
  return along(segment.y, height) * along(segment.x, width);
}
