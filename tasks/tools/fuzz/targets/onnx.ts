/** ONNX models, which are read back where this package wrote them. */
import { Random } from "../../../../src/core/random.ts";
import { sha256Hex } from "../../../../src/core/sha256.ts";
import { createNetwork } from "../../../../src/networks/architectures/architecture.ts";
import { writeOnnx } from "../../../../src/networks/foreign/onnx/onnx.ts";
import { readAnyWeights } from "../../../../src/networks/weights/any_weights.ts";
import { initialParameters } from "../../../../src/networks/weights/parameters.ts";
import { createSchedule } from "../../../../src/schedules/create_schedule.ts";
import { type FuzzInput, type FuzzTarget, reads, refused } from "../target.ts";

const common = { imageShape: [8, 8, 1], padding: "zeros", classes: 3 } as const;
const good = [
  createNetwork({ kind: "resnet", ...common, width: 8, layers: 1, kernelSize: 3 }),
  createNetwork({ kind: "unet", ...common, channels: [4, 8], embedding: 4, norm: "group" }),
].flatMap((network) =>
  [false, true].map((half) => {
    const parameters = initialParameters(network.parameters, new Random(1));
    const schedule = createSchedule("cosine_legacy");
    return writeOnnx({ network, parameters, schedule, training: { steps: 1 } }, { half });
  })
);

async function read(bytes: Uint8Array<ArrayBuffer>, source: string) {
  const { network, parameters, schedule } = await readAnyWeights(bytes, source);
  return {
    architecture: network.architecture,
    parameters: await sha256Hex(parameters),
    schedule: schedule.name,
  };
}

const values = await Promise.all(good.map((bytes) => read(bytes, "good.onnx")));

/** A whole file, or the beginning of one. */
function structured(random: Random): FuzzInput {
  const which = random.integer(good.length);
  const bytes = good[which]!;
  if (random.integer(4) === 0) {
    return { bytes: bytes.slice(), note: "good", expected: reads(values[which]) };
  }
  const length = random.integer(bytes.length);
  return { bytes: bytes.slice(0, length), note: `cut to ${length} bytes`, expected: refused };
}

/** See above. */
export const target: FuzzTarget = {
  about: "ONNX models of ours",
  file: "network.onnx",
  tokens: ["@els/toolkit", "\x08\x08", "\x3a\xff\xff\x03", "\x0a\x00", '"kind":', '"layers":1e9'],
  seeds: () => good,
  read,
  structured,
};
