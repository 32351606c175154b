/** Gradients of networks against central differences of their output. */
import * as tf from "@tensorflow/tfjs";
import { Random } from "../../src/core/random.ts";
import type { Network, NetworkInput } from "../../src/networks/network.ts";
import { type FlatParameters, sizeOf, unflatten } from "../../src/networks/weights/parameters.ts";

/** A directional derivative of sum(output * dy), from the gradient and by a difference. */
export interface DirectionalDerivative {
  /** Name of the parameter, or "x". */
  readonly name: string;
  readonly gradient: number;
  readonly difference: number;
}

/** What {@linkcode directionalDerivatives} needs. */
export interface GradientCheckOptions {
  readonly parameters: FlatParameters;
  readonly x: Float32Array;
  readonly times: readonly number[];
  readonly labels?: readonly number[];
  /** Length of the step in each direction, in every value. */
  readonly step: number;
  /** Check these only; default: every parameter and x. */
  readonly names?: readonly string[];
}

/**
 * For every parameter, and for the images, the derivative along a direction of +-1 twice: from the
 * gradient, and by a central difference that is summed in float64.
 */
export function directionalDerivatives(
  network: Network,
  { parameters, x, times, labels, step, names }: GradientCheckOptions,
): DirectionalDerivative[] {
  const { imageShape } = network.architecture;
  const random = new Random(77);
  const dy = random.normals(x.length);
  const input = (values: Float32Array): NetworkInput => ({
    x: tf.tensor4d(values.slice(), [times.length, ...imageShape]),
    times,
    ...labels && { labels },
  });
  const value = (flat: FlatParameters, values: Float32Array): number => {
    const output = tf.tidy(() =>
      network.forward(unflatten(network.parameters, flat), input(values)).dataSync()
    );
    return (output as Float32Array).reduce((sum, y, i) => sum + y * dy[i]!, 0);
  };
  const gradients = tf.tidy(() => {
    const tensors = unflatten(network.parameters, parameters);
    const keys = network.parameters.map(({ name }) => name);
    const { grads } = tf.valueAndGrads((image: tf.Tensor, ...rest: tf.Tensor[]) =>
      network.forward(
        Object.fromEntries(keys.map((key, i) => [key, rest[i]!])),
        { ...input(x), x: image as tf.Tensor4D },
        { inputGradient: true },
      )
    )(
      [input(x).x, ...keys.map((key) => tensors[key]!)],
      tf.tensor4d(dy, [times.length, ...imageShape]),
    );
    return grads.map((gradient) => gradient.dataSync() as Float32Array);
  });
  const moved = (values: Float32Array, at: number, direction: Int8Array, by: number) => {
    const out = values.slice();
    direction.forEach((d, i) => out[at + i] = out[at + i]! + d * by);
    return out;
  };
  const found: DirectionalDerivative[] = [];
  let at = 0;
  const check = (name: string, size: number, gradient: Float32Array) => {
    // Uphill in every value, so that what the values contribute does not cancel; where the gradient
    // claims zero, at random.
    const direction = Int8Array.from(
      gradient,
      (g) => Math.sign(g) || (random.uniform() < 0.5 ? -1 : 1),
    );
    const start = at;
    if (name !== "x") at += size;
    if (names && !names.includes(name)) return;
    const along = (by: number) =>
      name === "x"
        ? value(parameters, moved(x, 0, direction, by))
        : value(moved(parameters, start, direction, by), x);
    found.push({
      name,
      gradient: gradient.reduce((sum, g, i) => sum + g * direction[i]!, 0),
      difference: (along(step) - along(-step)) / (2 * step),
    });
  };
  check("x", x.length, gradients[0]!);
  network.parameters.forEach((spec, i) => check(spec.name, sizeOf(spec), gradients[i + 1]!));
  return found;
}
