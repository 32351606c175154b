import { assertEquals } from "@std/assert";
import { flagWording } from "../../../tasks/cli/wording.ts";

Deno.test("wording: options of the library are flags of the commands", () => {
  assertEquals(flagWording.option("from"), "--from");
  assertEquals(flagWording.option("learningRate"), "--learning-rate");
  assertEquals(flagWording.option("backend", "wasm"), "--backend wasm");
  // The library counts channels, the commands name colors.
  assertEquals(
    [flagWording.option("channels", 1), flagWording.option("channels", 3)],
    ["--colors gray", "--colors rgb"],
  );
  assertEquals(flagWording.fetch("cifar10"), "run deno task data cifar10");
});
