import type { MachineDefinition } from "./machine_definition.ts";

/**
 * The local score machine (Kamb & Ganguli, section 3): each pixel sees a k x k window and matches it
 * to the same window of every training image. Outside the image both sides are zero, so differences
 * there are too.
 */
export const local: MachineDefinition = {
  name: "LS",
  rule: "same-position",
  description: "local score: k x k windows at the same position",
};
