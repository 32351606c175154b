import type { UnetArchitecture } from "../../architectures/unet.ts";
import { UNET_EPSILON, unetGroups } from "../../architectures/unet.ts";
import { CLASS_TABLE } from "../../layers/conditioning.ts";
import { timeFrequencies } from "../../layers/time_embedding.ts";
import type { GraphInputs, Images, OnnxGraph, Value } from "./graph.ts";

/** The paper's UNet. */
export function unetGraph(
  graph: OnnxGraph,
  { x, times, labels }: GraphInputs,
  { channels, embedding, norm }: UnetArchitecture,
): Value {
  const waves = graph.waves(times, timeFrequencies(embedding / 2));
  const told = graph.addClass(waves, `${CLASS_TABLE}.weight`, labels);
  const active = graph.add("Relu", [told]);
  const relu = (value: Value) => graph.add("Relu", [value]);
  const normalize = (input: Images, name: string) =>
    norm === "none" ? input : graph.groupNorm(input, name, {
      groups: unetGroups(input.channels),
      epsilon: UNET_EPSILON,
    });
  const block = (input: Images, name: string) => {
    const second = norm === "none" ? 2 : 3;
    const shifted = graph.shifted(input, graph.linear(active, `${name}.emb.1`));
    return [0, second].reduce((state, index) => {
      const convolved = graph.conv(state, `${name}.model.${index}`);
      return graph.map(normalize(convolved, `${name}.model.${index + 1}`), relu);
    }, shifted);
  };
  const half = ({ value, channels, height, width }: Images): Images => {
    const attributes = { kernel_shape: [2, 2], strides: [2, 2] };
    const pooled = graph.add("MaxPool", [value], attributes);
    return { value: pooled, channels, height: height / 2, width: width / 2 };
  };
  const double = ({ value, height, width }: Images, name: string): Images => {
    const parameters = ["weight", "bias"].map((part) => graph.parameter(`${name}.${part}`));
    const larger = graph.add("ConvTranspose", [value, ...parameters], { strides: [2, 2] });
    const outputs = graph.shapeOf(`${name}.bias`)[0]!;
    return { value: larger, channels: outputs, height: 2 * height, width: 2 * width };
  };
  const levels = channels.length - 1;
  const skips: Images[] = [];
  let state = x;
  for (let level = 0; level < levels; level++) {
    const features = block(state, `feature_blocks.${level}`);
    skips.push(features);
    state = half(features);
  }
  state = block(state, "bottleneck");
  for (let i = 0; i < levels; i++) {
    const larger = double(state, `upsamples.${i}`);
    state = block(graph.joined(skips.pop()!, larger), `output_blocks.${i}`);
  }
  return graph.conv(graph.shifted(state, graph.linear(active, "last_emb.1")), "output_conv").value;
}
