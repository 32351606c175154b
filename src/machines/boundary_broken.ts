import type { MachineDefinition } from "./machine_definition.ts";

/**
 * The equivariant local score machine with equivariance broken at the border (Kamb & Ganguli, section
 * 3 on boundaries): windows match windows at the same distance from each border, where (k - 1) / 2
 * or more counts as interior; zeros outside on both sides. It predicts zero-padded networks, and is
 * what the paper's table calls ELS. With k at least the image's size it is the local machine.
 */
export const boundaryBroken: MachineDefinition = {
  name: "bbELS",
  rule: "same-border-distance",
  description: "boundary-broken ELS: windows at the same distance from the borders, zero padding",
};
