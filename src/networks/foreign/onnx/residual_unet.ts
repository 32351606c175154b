import type { ResidualUnetPlan } from "../../architectures/residual_unet.ts";
import type { GraphInputs, Images, OnnxGraph, Value } from "./graph.ts";

/** Residual UNets with self-attention. */
export function residualUnetGraph(
  graph: OnnxGraph,
  { x, times, labels }: GraphInputs,
  { stages, options }: ResidualUnetPlan,
): Value {
  const { waves, heads = () => 1, downsampleAt = 1 } = options;
  const { middleFactor = 1, scaleShift = false, centerInput = false } = options;
  const silu = (images: Images) => graph.map(images, (value) => graph.silu(value));
  const scalar = (value: number) => graph.constant("float", [value]);
  const normalize = (input: Images, name: string) =>
    graph.groupNorm(input, name, options.norm(input.channels));
  const divided = (input: Images, name: string) =>
    middleFactor !== 1 && name.startsWith("mid_block.")
      ? graph.map(input, (value) => graph.add("Div", [value, scalar(middleFactor)]))
      : input;

  const hidden = graph.linear(
    graph.waves(times, waves.frequencies, waves),
    "time_embedding.linear_1",
  );
  const embedded = graph.linear(graph.silu(hidden), "time_embedding.linear_2");
  const told = graph.silu(graph.addClass(embedded, "class_embedding.weight", labels));

  const conditioned = (input: Images, name: string): Images => {
    const vector = graph.linear(told, `${name}.time_emb_proj`);
    if (!scaleShift) return silu(normalize(graph.shifted(input, vector), `${name}.norm2`));
    const { channels } = input;
    const part = (from: number) =>
      graph.reshape(graph.slice(vector, 1, [from, from + channels]), [0, channels, 1, 1]);
    const factor = graph.add("Add", [part(0), scalar(1)]);
    return silu(graph.map(
      normalize(input, `${name}.norm2`),
      (value) => graph.add("Add", [graph.add("Mul", [value, factor]), part(channels)]),
    ));
  };
  const block = (input: Images, name: string) => {
    const first = graph.conv(silu(normalize(input, `${name}.norm1`)), `${name}.conv1`);
    const second = graph.conv(conditioned(first, name), `${name}.conv2`);
    const shortcut = `${name}.conv_shortcut`;
    const straight = graph.has(`${shortcut}.weight`) ? graph.conv(input, shortcut) : input;
    return divided(graph.sum(straight, second), name);
  };
  const attention = (input: Images, name: string) => {
    const { channels, height, width } = input;
    const count = heads(channels);
    const normal = normalize(input, `${name}.group_norm`);
    const pixelwise = (value: Value, layer: string) =>
      graph.add("Conv", [
        value,
        graph.parameter(`${name}.${layer}.weight`, [channels, channels, 1, 1]),
        graph.parameter(`${name}.${layer}.bias`),
      ]);
    const [query, key, values] = ["to_q", "to_k", "to_v"].map((layer) =>
      graph.reshape(pixelwise(normal.value, layer), [0, count, channels / count, height * width])
    );
    const turned = (value: Value) => graph.add("Transpose", [value], { perm: [0, 1, 3, 2] });
    const scaled = graph.add("Mul", [query!, scalar(1 / Math.sqrt(channels / count))]);
    const scores = graph.add("MatMul", [turned(scaled), key!]);
    const weights = graph.add("Softmax", [scores], { axis: 3 });
    const mixture = graph.add("MatMul", [values!, turned(weights)]);
    const images = graph.reshape(mixture, [0, channels, height, width]);
    const change = { ...input, value: pixelwise(images, "to_out.0") };
    return divided(graph.sum(input, change), name);
  };
  const centered = centerInput
    ? graph.map(x, (value) => graph.add("Sub", [graph.add("Mul", [value, scalar(2)]), scalar(1)]))
    : x;
  const kept: Images[] = [];
  let state = graph.conv(centered, "conv_in");
  for (const stage of stages) {
    const { op, name } = stage;
    if (op === "keep") kept.push(state);
    else if (op === "down") state = graph.conv(state, name, { stride: 2, first: downsampleAt });
    else if (op === "up") state = graph.conv(graph.doubled(state), name);
    else if (op === "attention") state = attention(state, name);
    else state = block(stage.joins ? graph.joined(state, kept.pop()!) : state, name);
  }
  return graph.conv(silu(normalize(state, "conv_norm_out")), "conv_out").value;
}
