/** Networks as ONNX models. */
import { ArgumentError } from "../../../core/errors.ts";
import { onnxBytes, type OnnxValue } from "../../../formats/onnx.ts";
import { toolkitName, toolkitVersion } from "../../../core/version.ts";
import type { Architecture } from "../../architectures/architecture.ts";
import { attentionUnetPlan } from "../../architectures/attention_unet.ts";
import { diffusersUnetPlan } from "../../architectures/diffusers_unet.ts";
import { toStateDict } from "../../weights/parameters.ts";
import { networkMetadata, type TrainedNetwork } from "../../weights/weights.ts";
import { type GraphInputs, OnnxGraph, type Value } from "./graph.ts";
import { residualUnetGraph } from "./residual_unet.ts";
import { resnetGraph } from "./resnet.ts";
import { unetGraph } from "./unet.ts";

/** What the architectures compute, as graphs. */
const bodies: {
  readonly [K in Architecture["kind"]]?: (
    graph: OnnxGraph,
    inputs: GraphInputs,
    architecture: Architecture & { readonly kind: K },
  ) => Value;
} = {
  "resnet": resnetGraph,
  "unet": unetGraph,
  "attention-unet": (graph, inputs, architecture) =>
    residualUnetGraph(graph, inputs, attentionUnetPlan(architecture)),
  "diffusers-unet": (graph, inputs, architecture) =>
    residualUnetGraph(graph, inputs, diffusersUnetPlan(architecture)),
};

/**
 * A network as an ONNX model (opset 17), which most runtimes of other languages execute.
 *
 * Inputs: `x`, noisy images `[batch, channels, height, width]`, in [-1, 1] where clean; `time`, `[batch]`,
 * t in [0, 1] or what preconditioning puts in its place; `labels`, `[batch]` of int64, if the network is
 * conditional. Output: `prediction`, shaped as x. It is the network itself: preconditioning stays with who
 * runs it, and stands, as do the noise schedule and what is predicted, in the model's metadata.
 *
 * @example
 * ```ts
 * import { createNetwork, initialParameters, Random, writeOnnx } from "@els/toolkit/networks";
 * import { createSchedule } from "@els/toolkit/machines";
 * import { assert } from "@std/assert";
 *
 * const network = createNetwork({
 *   kind: "resnet",
 *   imageShape: [8, 8, 1],
 *   padding: "circular",
 *   classes: 0,
 *   width: 8,
 *   layers: 1,
 *   kernelSize: 3,
 * });
 * const parameters = initialParameters(network.parameters, new Random(1));
 * const schedule = createSchedule("cosine_legacy");
 * const bytes = writeOnnx({ network, parameters, schedule, training: {} });
 * assert(bytes.length > 4 * parameters.length);
 * ```
 *
 * @param options.half Store weights in 16 bits; the graph computes with 32. Default false.
 * @throws RangeError if the network is of a kind that is not written as ONNX.
 * @category Networks
 */
export function writeOnnx(
  trained: TrainedNetwork,
  options: { readonly half?: boolean } = {},
): Uint8Array<ArrayBuffer> {
  const { half = false } = options;
  const { network } = trained;
  const { kind, imageShape: [height, width, channels], padding, classes } = network.architecture;
  const body = Object.hasOwn(bodies, kind) ? bodies[kind as Architecture["kind"]] : undefined;
  if (body === undefined) {
    throw new ArgumentError(
      `Cannot write a network of kind ${kind} as ONNX: expected ${Object.keys(bodies).join(", ")}`,
    );
  }
  const graph = new OnnxGraph({
    parameters: toStateDict(network.parameters, trained.parameters),
    half,
    padding,
  });
  const labels: OnnxValue = { name: "labels", type: "int64", dims: ["batch"] };
  const images = { type: "float", dims: ["batch", channels, height, width] } as const;
  const inputs = {
    x: { value: "x", channels, height, width },
    times: "time",
    labels: classes > 0 ? labels.name : undefined,
  };
  const result = body(graph, inputs, network.architecture as never);
  graph.nodes.push({ op: "Identity", inputs: [result], output: "prediction", attributes: {} });
  return onnxBytes({
    name: kind,
    producer: { name: toolkitName, version: toolkitVersion },
    nodes: graph.nodes,
    tensors: graph.tensors,
    inputs: [
      { name: "x", ...images },
      { name: "time", type: "float", dims: ["batch"] },
      ...classes > 0 ? [labels] : [],
    ],
    outputs: [{ name: "prediction", ...images }],
    metadata: networkMetadata(trained),
  });
}
