import type { MachineDefinition } from "./machine_definition.ts";

/**
 * The equivariant local score machine (Kamb & Ganguli, section 3): each k x k window of the circular
 * query matches every window that lies inside a training image. It predicts convolutional networks
 * with circular padding.
 */
export const equivariantLocal: MachineDefinition = {
  name: "ELS",
  rule: "interior",
  description: "equivariant local score: windows anywhere inside the images, circular query",
};

/**
 * The equivariant local score machine on the torus: training windows wrap around too. It is what the
 * theory states for circular data, and commutes with shifts of the training images.
 */
export const equivariantLocalWrapped: MachineDefinition = {
  name: "ELS_wrapped",
  rule: "wrapped",
  description: "equivariant local score: windows anywhere, wrapping, circular query",
};
