import type { ResnetArchitecture } from "../../architectures/resnet.ts";
import { RESNET_EPSILON, RESNET_GROUPS } from "../../architectures/resnet.ts";
import { CLASS_TABLE } from "../../layers/conditioning.ts";
import { timeFrequencies } from "../../layers/time_embedding.ts";
import type { GraphInputs, OnnxGraph, Value } from "./graph.ts";

/** The paper's ResNet. */
export function resnetGraph(
  graph: OnnxGraph,
  { x, times, labels }: GraphInputs,
  { width, layers }: ResnetArchitecture,
): Value {
  const waves = graph.waves(times, timeFrequencies(width / 2));
  const embedding = graph.addClass(waves, `${CLASS_TABLE}.weight`, labels);
  const shift = (i: number): Value => {
    const linear = graph.linear(embedding, `embs.${i}.0`);
    const groups = graph.reshape(linear, [0, RESNET_GROUPS, -1]);
    const options = { groups: RESNET_GROUPS, epsilon: RESNET_EPSILON };
    const normal = graph.reshape(graph.normalized(groups, options), [0, width]);
    const scaled = graph.add("Mul", [normal, graph.parameter(`embs.${i}.1.weight`)]);
    return graph.add("Relu", [graph.add("Add", [scaled, graph.parameter(`embs.${i}.1.bias`)])]);
  };
  let state = graph.conv(x, "up_projection");
  for (let i = 0; i < layers; i++) {
    const convolved = graph.conv(graph.shifted(state, shift(i)), `convs.${i}.0`);
    state = graph.sum(state, graph.map(convolved, (value) => graph.add("Relu", [value])));
  }
  return graph.conv(graph.shifted(state, shift(layers)), "down_projection").value;
}
