import { assert, assertEquals, assertThrows } from "@std/assert";
import { CheckpointMismatchError, isToolkitError, ReadLimitError } from "../../src/core/errors.ts";
import { Random } from "../../src/core/random.ts";
import { parseSafetensors, writeSafetensors } from "../../src/formats/safetensors.ts";
import { createNetwork } from "../../src/networks/architectures/architecture.ts";
import { initialParameters } from "../../src/networks/weights/parameters.ts";
import { readWeights, writeWeights } from "../../src/networks/weights/weights.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";

const network = createNetwork({
  kind: "resnet",
  imageShape: [8, 8, 1],
  padding: "zeros",
  classes: 0,
  width: 8,
  layers: 1,
  kernelSize: 3,
});
const parameters = initialParameters(network.parameters, new Random(1));
const schedule = createSchedule("cosine_legacy");
const { tensors, metadata } = parseSafetensors(
  writeWeights({ network, parameters, schedule, training: {} }),
);

/** Weights with other metadata, and no checksum that would tell. */
const withMetadata = (changed: Readonly<Record<string, string>>) =>
  writeSafetensors(tensors, { metadata: { ...metadata, ...changed } });

const architecture = (fields: Readonly<Record<string, unknown>>) => ({
  architecture: JSON.stringify({ ...network.architecture, ...fields }),
});
const noise = (value: unknown) => ({ noiseSchedule: JSON.stringify(value) });

Deno.test("weights: each field of the metadata is checked, and named in one line", () => {
  const cases: [Record<string, string>, string][] = [
    [
      architecture({ layers: 1e9 }),
      "the network's layers is 1000000000, expected an integer from 1",
    ],
    [architecture({ width: 2 ** 40 }), "the network's width is 1099511627776, expected an integer"],
    [architecture({ width: 999_936 }), "the network needs [999936,1,3,3]"],
    [architecture({ imageShape: [8, 8, 1e300] }), "imageShape is [8, 8, 1e+300], expected a list"],
    [architecture({ classes: null }), "the network's classes is null, expected an integer from 0"],
    [architecture({ kind: "x\n".repeat(1e5) }), String.raw`the network is of kind "x\nx\n`],
    [architecture({ kind: ["resnet"] }), 'the network is of kind ["resnet"], this version knows'],
    [{ architecture: "[]" }, "the network is of kind undefined"],
    [{ architecture: "{" }, "the description of the network is not JSON"],
    [noise({ name: "cosine", parameters: null }), "the noise schedule's parameters is null"],
    [noise({ name: "cosine", parameters: [0.1] }), "the noise schedule's parameters is [0.1]"],
    [
      noise({ name: "cosine", parameters: { offset: "0.1" } }),
      'offset is "0.1", expected a number',
    ],
    [noise({ name: "cosine", parameters: { offset: 5 } }), "offset is 5, not in [0, 1)"],
    [noise({ name: "cosine", parameters: { speed: 5 } }), 'unknown parameter "speed"'],
    [noise({ name: "toString" }), 'the noise schedule "toString", which is none of'],
    [
      { noiseSchedule: '{"name":"cosine","parameters":{"__proto__":{"offset":1}}}' },
      'the noise schedule "cosine": __proto__ is {',
    ],
    [noise([]), "the metadata's noise schedule is [], expected fields"],
    [noise("cosine"), 'the metadata\'s noise schedule is "cosine", expected fields'],
    [{ preconditioning: "null" }, "the metadata's preconditioning is null, expected fields"],
    [{ training: "[1]" }, "the metadata's training is [1], expected fields"],
    [{ training: '{"a":1,"a":2}' }, 'the training names "a" twice'],
    [{ format: "els\x1b[2J" }, String.raw`the metadata's format is "els\u001b[2J"`],
    [{ version: "2" }, 'weights version "2", this release reads version 1'],
  ];
  for (const [changed, message] of cases) {
    const error = assertThrows(
      () => readWeights(withMetadata(changed), "a.safetensors"),
      CheckpointMismatchError,
      message,
    );
    assert(error.message.startsWith("a.safetensors: "), error.message);
    assert(error.message.length <= 300 && !error.message.includes("\n"), error.message);
  }
  const deep = `${"[".repeat(1e4)}${"]".repeat(1e4)}`;
  assertThrows(
    () => readWeights(withMetadata({ training: deep }), "a.safetensors"),
    ReadLimitError,
    "a.safetensors: the training needs 101 levels of nesting",
  );
});

Deno.test("weights: a missing field of the metadata is named", () => {
  for (
    const [field, message] of [
      ["architecture", "the description of the network is not JSON"],
      ["noiseSchedule", "the metadata's noise schedule is missing"],
      ["version", "weights version undefined"],
    ] as const
  ) {
    const { [field]: _, ...rest } = metadata;
    const bytes = writeSafetensors(tensors, { metadata: rest });
    assertThrows(() => readWeights(bytes, "a.safetensors"), CheckpointMismatchError, message);
  }
});

Deno.test("weights: whatever a field of the metadata holds, the error is one of ours", () => {
  const random = new Random(3, "metadata");
  const values: unknown[] = [
    null,
    true,
    -1,
    0,
    1e308,
    "",
    "x",
    [],
    {},
    [[]],
    { a: null },
    "NaN",
    1.5,
  ];
  const pick = <T>(list: readonly T[]) => list[random.integer(list.length)]!;
  const fields = ["architecture", "noiseSchedule", "preconditioning", "training"];
  let refusals = 0;
  for (let i = 0; i < 2000; i++) {
    const field = pick(fields);
    // The whole value, or one of its fields, or one in them.
    const whole = JSON.parse(metadata[field] ?? '{"kind":"input","sigmaData":0.5}') as unknown;
    let target = whole as Record<string, unknown>;
    const key = pick(Object.keys(target).concat("x"));
    if (typeof target[key] === "object" && random.integer(2) === 0) {
      target = target[key] as Record<string, unknown>;
    }
    target[pick(Object.keys(target).concat("0"))] = pick(values);
    const text = random.integer(9) === 0 ? JSON.stringify(pick(values)) : JSON.stringify(whole);
    try {
      readWeights(withMetadata({ [field]: text }), "a.safetensors");
    } catch (error) {
      assert(isToolkitError(error), `${field} ${text}: ${error}`);
      assert((error as Error).message.includes("a.safetensors"), `${error}`);
      refusals++;
    }
  }
  assertEquals(refusals > 500, true, `only ${refusals} were refused`);
});
