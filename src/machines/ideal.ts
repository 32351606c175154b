import type { MachineDefinition } from "./machine_definition.ts";

/**
 * The ideal score machine (Kamb & Ganguli, arXiv 2412.20292, section 3): the exact posterior mean
 * under the training set. One weight per training image, no padding; it memorises.
 */
export const ideal: MachineDefinition = {
  name: "IS",
  rule: "whole",
  description: "ideal score: whole images at their own place",
};
