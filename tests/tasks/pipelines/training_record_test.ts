import { assertEquals, assertThrows } from "@std/assert";
import { CheckpointMismatchError } from "../../../src/core/errors.ts";
import { checkTrainingRecord } from "../../../tasks/pipelines/training_record.ts";

const record = {
  ...{ name: "mnist-tiny", dataset: "mnist", from: "data", datasetSha256: "0".repeat(64) },
  ...{ images: 100, classes: [3, 7], classNames: ["a", "b"], colors: "gray" },
};

Deno.test("training record: what commands go by may be missing, all else is free", () => {
  assertEquals(
    checkTrainingRecord({ ...record, steps: "many" }, "w"),
    {
      ...record,
      steps: "many",
    } as unknown as typeof record & { colors: "gray" },
  );
  assertEquals(checkTrainingRecord({}, "w"), {});
});

Deno.test("training record: each field that commands go by is checked by name", () => {
  const cases: [fields: Record<string, unknown>, message: string][] = [
    [{ name: 3 }, "the training's name is 3, expected text"],
    [{ dataset: null }, "the training's dataset is null, expected text"],
    [{ from: ["a"] }, 'the training\'s from is ["a"], expected text'],
    [{ datasetSha256: "abc" }, 'datasetSha256 is "abc", expected 64 hexadecimal digits'],
    [{ images: 0 }, "the training's images is 0, expected a positive integer"],
    [{ images: "100" }, 'the training\'s images is "100", expected a positive integer'],
    [{ classes: 3 }, "the training's classes is 3, expected a list of whole numbers"],
    [{ classes: [1.5] }, "the training's classes is [1.5], expected a list of whole numbers"],
    [{ classNames: [1] }, "the training's classNames is [1], expected a list of texts"],
    [{ colors: "red" }, 'the training\'s colors is "red", expected "gray" or "rgb"'],
  ];
  for (const [fields, message] of cases) {
    assertThrows(
      () => checkTrainingRecord({ ...record, ...fields }, "w.safetensors"),
      CheckpointMismatchError,
      `w.safetensors: the training's ${Object.keys(fields)[0]}`,
    );
    assertThrows(() => checkTrainingRecord(fields, "w"), CheckpointMismatchError, message);
  }
});
