import type { Network } from "../networks/network.ts";
import { type MemoryByBatch, memoryByBatch } from "../networks/tensor_memory.ts";
import { parameterCount } from "../networks/weights/parameters.ts";
import { lossAndGradients } from "./gradients.ts";

/**
 * Measures, with one image and with two, the memory that gradients of a network take on the backend in use:
 * everything that its layers put out is kept until the gradient has come back to them.
 */
export function trainingMemory(network: Network): Promise<MemoryByBatch> {
  const parameters = new Float32Array(parameterCount(network.parameters));
  const [height, width, channels] = network.architecture.imageShape;
  const { classes } = network.architecture;
  return memoryByBatch((batch) => {
    const values = batch * height * width * channels;
    return lossAndGradients(network, parameters, {
      x: new Float32Array(values),
      target: new Float32Array(values),
      shape: [batch, height, width, channels],
      times: new Array<number>(batch).fill(0.5),
      labels: classes > 0 ? new Array<number>(batch).fill(0) : undefined,
    });
  });
}
