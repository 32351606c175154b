import type { MachineDefinition } from "./machine_definition.ts";

/**
 * The equivariant score machine (Kamb & Ganguli, section 3): the ideal one on the training set with
 * all its cyclic shifts. One weight per image and shift; the query is circular.
 */
export const equivariant: MachineDefinition = {
  name: "ES",
  rule: "shifts",
  description: "equivariant score: every cyclic shift of every image",
};
