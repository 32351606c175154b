/** A machine of your own definition, calibrated, saved and read like those of the theory. */
import { calibrate, createMachine, createProvenance, createSchedule } from "@els/toolkit";
import { parseScaleSchedule, toScaleSchedule, writeScaleSchedule } from "@els/toolkit";
import { bytesToImages, type MachineDefinition, syntheticTextures } from "@els/toolkit/machines";

const wrapped: MachineDefinition = {
  name: "torus",
  rule: "wrapped",
  description: "ELS on the torus, by a name of its own",
};
const images = bytesToImages(syntheticTextures({ images: 20, size: 16 }));
const schedule = createSchedule("cosine_legacy");
await using machine = createMachine(wrapped, { images, schedule });
await using network = createMachine("ELS", { images, schedule, patchSize: 5 }); // poses as one
const protocol = { candidates: [3, 5, 7], steps: 3, samples: 2, seed: 1 };
const found = await calibrate(network, machine, protocol);
const provenance = createProvenance({ seed: 1, config: {} });
const about = { machine: wrapped.name, padding: "circular", provenance } as const;
const text = writeScaleSchedule(toScaleSchedule(found, about));
console.log(parseScaleSchedule(text, "mine", { own: [wrapped.name] }).machine, "was calibrated");
