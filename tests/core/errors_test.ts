import { assert, assertEquals } from "@std/assert";
import {
  ArgumentError,
  ArgumentTypeError,
  CheckpointMismatchError,
  DataFormatError,
  DivergedError,
  isToolkitError,
  messageOf,
  ToolkitError,
  type Wording,
} from "../../src/core/errors.ts";
import { TrainingDivergedError } from "../../src/training/optimization.ts";

const shouting: Wording = {
  option: (name, value) => `${name.toUpperCase()}${value === undefined ? "" : `=${value}`}`,
  fetch: (dataset) => `FETCH ${dataset}`,
};

Deno.test("errors: the message ends with the remedy, in the library's words or a program's", () => {
  const error = new ArgumentError("Cannot take 9 images: there are 4", {
    remedy: (say) => `ask for no more (${say.option("images", 4)})`,
  });
  assertEquals(
    error.message,
    "Cannot take 9 images: there are 4; ask for no more (`images: 4`)",
  );
  assertEquals(
    messageOf(error, shouting),
    "Cannot take 9 images: there are 4; ask for no more (IMAGES=4)",
  );
  const missing = new DataFormatError("mnist", "it is not here", {
    byteOffset: 3,
    remedy: (say) => `${say.fetch("mnist")} or name it with ${say.option("from")}`,
  });
  assertEquals(
    missing.message,
    "mnist: it is not here (at byte 3); fetch mnist or name it with `from`",
  );
  assertEquals(messageOf(missing, shouting).split("; ")[1], "FETCH mnist or name it with FROM");
  assertEquals([missing.source, missing.byteOffset], ["mnist", 3]);
});

Deno.test("errors: without a remedy every program shows the message as it is", () => {
  for (const error of [new DataFormatError("a", "b", 7), new Error("odd"), new ToolkitError("c")]) {
    assertEquals(messageOf(error, shouting), error.message);
  }
});

Deno.test("errors: those of the library are told from the engine's, and caught as the engine's", () => {
  const ours = [
    new ArgumentError("a"),
    new ArgumentTypeError("a"),
    new CheckpointMismatchError("a"),
    new DataFormatError("a", "b"),
    new DivergedError("a"),
    new TrainingDivergedError("a"),
  ];
  for (const error of ours) {
    assert(isToolkitError(error), error.name);
    assertEquals(error.name, error.constructor.name);
  }
  for (const error of [new RangeError("a"), new TypeError("a"), new Error("a"), "a", undefined]) {
    assertEquals(isToolkitError(error), false);
  }
  assert(ours[0] instanceof RangeError && ours[1] instanceof TypeError);
  const cause = new Error("behind");
  assertEquals(new ArgumentError("a", { cause }).cause, cause);
});
