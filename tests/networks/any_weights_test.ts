import { assert, assertEquals, assertRejects } from "@std/assert";
import { DataFormatError } from "../../src/core/errors.ts";
import { writeZip } from "../../src/formats/zip.ts";
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
      isForeignNetwork(bare, "without an ending"),
    ],
    [true, false, true, true],
  );
});

Deno.test("any weights: what is no network is refused by name", async () => {
  await assertRejects(
    () => readAnyWeights(Uint8Array.of(1, 2, 3), "noise.bin"),
    DataFormatError,
    "noise.bin",
  );
});

Deno.test("any weights: a file of another kind is told by its kind, not called damaged", async () => {
  const text = (value: string) => Uint8Array.from(value, (letter) => letter.charCodeAt(0));
  const cases: [Uint8Array<ArrayBuffer>, string][] = [
    [text("\x93NUMPY\x01\0"), "it is an array of NumPy"],
    [text("\x89HDF\r\n\x1a\n"), "it is an HDF5 file"],
    [text("\x1f\x8b\x08\0\0"), "compressed by gzip"],
    [text("\x89PNG\r\n\x1a\n"), "a PNG picture"],
    [text("version https://git-lfs.github.com/spec/v1\noid"), "pointer of Git LFS"],
    [text("<!DOCTYPE html><html>"), "a page of HTML"],
    [text('{"format": "els-scale-schedule"}'), "it is JSON"],
    [text("epoch,loss\n1,0.5\n"), "it is text"],
    [new Uint8Array(0), "it is empty"],
  ];
  const npz = writeZip(new Map([["arr_0.npy", new Uint8Array(8)]]));
  await assertRejects(() => readAnyWeights(npz, "a.npz"), DataFormatError, "archive of NumPy's");
  for (const [bytes, message] of cases) {
    const error = await assertRejects(
      () => readAnyWeights(bytes, "network.bin"),
      DataFormatError,
      message,
    );
    assert(/network.bin: .*; expected a network/.test(error.message), error.message);
  }
});

Deno.test("any weights: a pickle that stands alone is read as a .pt is, and named by what it holds where it is none", async () => {
  const pickle = (...parts: string[]) =>
    Uint8Array.from(parts.join(""), (letter) => letter.charCodeAt(0));
  const cases: [string, string][] = [
    ["\x80\x02}K\x01K\x02s.", "it holds a dictionary of 1, expected a network"],
    ["\x80\x02cos\nsystem\n)R.", 'it wants "os.system", which was not run'],
    ["\x80\x02csklearn.svm\nSVC\n)\x81}X\x01\0\0\0CK\x01sb.", "an object of sklearn.svm.SVC"],
    ["\x80\x02}K\x01", "the pickle is cut off"],
  ];
  for (const [text, message] of cases) {
    await assertRejects(
      () => readAnyWeights(pickle(text), "snapshot.pkl"),
      DataFormatError,
      message,
    );
  }
});
