/** Samples of earlier releases, as numbers in a log without checksums: whole, and wrong in many ways. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { ImageStore } from "../../../src/runs/image_store.ts";
import { openRun } from "../../../src/runs/run_folder.ts";
import { ProgressReporter } from "../../../tasks/cli/progress.ts";
import { takeLoggedSamples } from "../../../tasks/pipelines/logged_samples.ts";
import { inFolder } from "../commands.ts";

const image = (sample: number) => [sample, 0.5, -1, 0.25];
const lines = [0, 1, 2, 3].map((sample) => ({ sample, label: null, x0: image(sample) }));

/** Samples that are taken from a log, and what is said. */
async function take(text: string): Promise<{ done: number[]; told: string }> {
  let found = { done: [] as number[], told: "" };
  await inFolder(async (root) => {
    using run = await openRun({ root, command: "sample", config: {} });
    await Deno.writeTextFile(run.file("samples.jsonl"), text);
    using images = await ImageStore.open(run.file("samples.safetensors"), {
      ...{ names: ["x0"], samples: 4, imageShape: [2, 2, 1] },
    });
    const told: string[] = [];
    const progress = new ProgressReporter({
      write: (text) => void told.push(text),
      isTerminal: false,
      columns: () => 80,
      now: () => 0,
    });
    await takeLoggedSamples(run, { images, progress, imagesOf: (record) => record });
    found = { done: images.done, told: told.join("") };
    for (const sample of images.done) assertEquals([...images.read(sample).x0!], image(sample));
  });
  return found;
}

const text = (records: readonly unknown[]) =>
  records.map((record) => `${JSON.stringify(record)}\n`).join("");

Deno.test("logged samples: a whole log is taken, one that was cut as far as it goes", async () => {
  assertEquals(await take(text(lines)), { done: [0, 1, 2, 3], told: "" });
  assertEquals(await take(text(lines).slice(0, -5)), { done: [0, 1, 2], told: "" });
  assertEquals(await take(""), { done: [], told: "" });
});

Deno.test("logged samples: from the first record that cannot be right on, samples are made again", async () => {
  const with1 = (record: unknown) => text(lines.with(1, record as typeof lines[0]));
  const cases: [string, string, string][] = [
    [
      "swapped",
      text([lines[0], lines[2], lines[1], lines[3]]),
      "line 2 is of sample 2, expected 1",
    ],
    [
      "repeated",
      text([lines[0], lines[0], ...lines.slice(1)]),
      "line 2 is of sample 0, expected 1",
    ],
    ["missing", text([lines[0], lines[2], lines[3]]), "line 2 is of sample 2"],
    ["null", with1(null), "line 2 is not a JSON object"],
    ["no image", with1({ sample: 1, label: null }), "line 2 holds no image x0"],
    ["a number", with1({ ...lines[1], x0: 4 }), "line 2 holds no image x0"],
    ["text", with1({ ...lines[1], x0: "4444" }), "line 2 holds no image x0"],
    ["text for numbers", with1({ ...lines[1], x0: ["1", 2, 3, 4] }), "line 2 holds no image x0"],
    ["short", with1({ ...lines[1], x0: [1, 2, 3] }), "line 2 holds no image x0"],
    ["null values", with1({ ...lines[1], x0: [1, null, 3, 4] }), "line 2 holds no image x0"],
    ["zeros", with1({ ...lines[1], x0: [0, 0, 0, 0] }), "line 2 holds no image x0"],
  ];
  for (const [what, log, words] of cases) {
    const { done, told } = await take(log);
    assertEquals(done, [0], what);
    assertStringIncludes(told, words, what);
  }
  const many = await take(text([...lines, { sample: 4, label: null, x0: image(4) }]));
  assertEquals(many.done, [0, 1, 2, 3]);
  assertStringIncludes(many.told, "line 5 is of a sample that was not asked for");
});
