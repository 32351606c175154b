import { assertEquals, assertRejects } from "@std/assert";
import { DataFormatError } from "../../src/core/errors.ts";
import { sha256Hex } from "../../src/core/sha256.ts";
import { parseSafetensors, writeSafetensors } from "../../src/formats/safetensors.ts";
import { isForeignNetwork, readAnyWeights } from "../../src/networks/weights/any_weights.ts";
import { writeWeights } from "../../src/networks/weights/weights.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";

const module = await Deno.readFile(new URL("../fixtures/resnet_zeros.pt", import.meta.url));

Deno.test("any weights: PyTorch's file, ours and its bare arrays are one network", async () => {
  const foreign = await readAnyWeights(module, "some/folder/resnet.pt");
  assertEquals(foreign.training, {
    importedFrom: "resnet.pt",
    importedSha256: await sha256Hex(module),
  });
  const ours = writeWeights(foreign);
  const again = await readAnyWeights(ours, "weights.safetensors");
  assertEquals(again.parameters, foreign.parameters);
  assertEquals(again.training, foreign.training);

  const bare = writeSafetensors(parseSafetensors(ours).tensors);
  const { architecture } = foreign.network;
  const told = {
    padding: architecture.padding,
    imageSize: architecture.imageShape[0],
    schedule: createSchedule("cosine_legacy"),
    training: { dataset: "mnist" },
  };
  const arrays = await readAnyWeights(bare, "bare.safetensors", told);
  assertEquals(arrays.parameters, foreign.parameters);
  assertEquals(arrays.training.dataset, "mnist");
  assertEquals(arrays.training.importedFrom, "bare.safetensors");
  assertEquals(
    [
      isForeignNetwork(module, "a"),
      isForeignNetwork(ours, "a.safetensors"),
      isForeignNetwork(bare, "a.safetensors"),
    ],
    [true, false, true],
  );
});

Deno.test("any weights: what is no network is refused by name", async () => {
  await assertRejects(
    () => readAnyWeights(Uint8Array.of(1, 2, 3), "noise.bin"),
    DataFormatError,
    "noise.bin",
  );
});
