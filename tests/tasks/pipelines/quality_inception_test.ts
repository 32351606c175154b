import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { writeTorchStateDict } from "../../../src/formats/torch_writer.ts";
import { startBackend } from "../../../src/networks/backend.ts";
import { inceptionPlan } from "../../../src/networks/inception/inception_stages.ts";
import { readInceptionOf } from "../../../src/networks/inception/inception_weights.ts";
import { ImageStore } from "../../../src/runs/image_store.ts";
import { inceptionKind, kindOfNetwork } from "../../../tasks/pipelines/quality_inception.ts";
import { featureRows } from "../../../tasks/pipelines/quality_rows.ts";
import { hashedImages, hashedWeights } from "../../networks/inception_weights.ts";
import { inFolder } from "../commands.ts";

const plan = inceptionPlan(16);

Deno.test("inception features: kept as they come, and only those of the published file are FID", () =>
  inFolder(async (folder) => {
    await startBackend("wasm");
    const bytes = writeTorchStateDict(hashedWeights(plan));
    const network = await readInceptionOf(plan, bytes, "mine.pth");
    const kind = kindOfNetwork(network, "mine.pth");
    const images = hashedImages([5, 8, 8, 1]);
    const made = (name: string, { stopAt = Infinity } = {}) => {
      const stop = new AbortController();
      const seen: number[] = [];
      const features = kind.of(images, {
        abort: stop.signal,
        kept: (width) =>
          ImageStore.open(join(folder, name), {
            ...{ names: ["features"], samples: 5, imageShape: [1, 1, width] },
          }),
        onProgress(done) {
          seen.push(done);
          if (done >= stopAt) stop.abort(new Error("stop"));
        },
      });
      return { features, seen };
    };
    const whole = await made("whole").features;
    assertEquals(whole.features.shape, [5, 128]);
    await assertRejects(() => made("cut", { stopAt: 4 }).features, Error, "stop");
    const rest = made("cut");
    assertEquals(await rest.features, whole);
    assertEquals(rest.seen, [5]);

    const measures = new Set(["frechet", "kernel", "score"]);
    const options = {
      ...{ measures, neighbors: 5, extrapolate: true, seed: 1 },
      abort: new AbortController().signal,
    };
    const rowsOf = (kind: ReturnType<typeof kindOfNetwork>) =>
      featureRows("some", { kind, own: whole, heldOut: whole }, options);
    const names = (kind: ReturnType<typeof kindOfNetwork>) =>
      rowsOf(kind).map((row) => row.measure);
    assertEquals(names(kind), [
      ...["Frechet distance", "Frechet distance, infinite n", "kernel distance"],
      "inception score",
    ]);
    assert(kind.about.includes(`SHA-256 ${network.sha256}, not the published file`), kind.about);
    const published = kindOfNetwork({ ...network, published: true }, "mine.pth");
    assertEquals(names(published), ["FID", "FID, infinite n", "KID", "inception score"]);
    const [distance, infinite] = rowsOf(published);
    assertEquals([distance!.warning, infinite!.value, infinite!.warning], [
      "fewer rows than twice the width of 128: far too large",
      ...[null, "needs 30 rows"],
    ]);
  }));

Deno.test("inception features: without a file, and of a wrong one, one line", async () => {
  await assertRejects(() => inceptionKind(undefined, [8, 8, 1]), Error, "name the file with");
  await assertRejects(() => inceptionKind("x.pth", [8, 8, 4]), Error, "these have 4");
});
