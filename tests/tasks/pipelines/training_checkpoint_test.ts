/** Where a training goes on when files of its run are damaged, and that nothing is written over. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { writeKept } from "../../../src/runs/kept_file.ts";
import { JsonlLog } from "../../../src/runs/jsonl_log.ts";
import { openRun, type Run } from "../../../src/runs/run_folder.ts";
import { writeTrainingState } from "../../../src/training/checkpoint.ts";
import { readCheckpoint } from "../../../tasks/pipelines/training_checkpoint.ts";
import { inFolder } from "../commands.ts";

const fingerprint = "this run";

/** A run with checkpoints of steps 2 and 4, and five steps in its log. */
async function withTraining(use: (run: Run) => Promise<void>): Promise<void> {
  await inFolder(async (root) => {
    using run = await openRun({ root, command: "train", config: {} });
    {
      using log = await JsonlLog.open(run.file("log.jsonl"), { upToStep: 0 });
      for (let step = 1; step <= 5; step++) {
        log.append({ step, loss: 1 / step, gradientNorm: 1, learningRate: 0.1 });
        if (step % 2 !== 0) continue;
        log.sync();
        const array = () => Float32Array.of(step, 0);
        const arrays = { parameters: array(), average: array(), mean: array(), square: array() };
        await run.write("weights.safetensors", `weights of step ${step}`);
        const state = writeTrainingState({ step, ...arrays }, fingerprint);
        await writeKept(run.file("state.safetensors"), state);
      }
    }
    await use(run);
  });
}

async function checkpoint(run: Run): Promise<{ step: number | undefined; told: string }> {
  const told: string[] = [];
  const state = await readCheckpoint(run, { fingerprint, tell: (text) => void told.push(text) });
  assertEquals(told.filter((text) => text.includes("\n")), []);
  return { step: state?.step, told: told.join() };
}

Deno.test("training checkpoint: the newest state that is whole and that the log reaches", () =>
  withTraining(async (run) => {
    assertEquals(await checkpoint(run), { step: 4, told: "" });
    const bytes = await Deno.readFile(run.file("state.safetensors"));
    await Deno.truncate(run.file("state.safetensors"), 50);
    const { step, told } = await checkpoint(run);
    assertEquals(step, 2);
    assertStringIncludes(told, "state.safetensors");
    assertStringIncludes(told, "goes on from step 2");
    // The state before has taken the damaged one's place.
    assertEquals(await checkpoint(run), { step: 2, told: "" });
    await Deno.writeFile(run.file("state.safetensors"), bytes);
    // Log and copy lack the third step: only the state before it can be gone on from.
    for (const name of ["log.jsonl", ".log.jsonl.copy"]) {
      const lines = (await Deno.readTextFile(run.file(name))).split("\n");
      await Deno.writeTextFile(run.file(name), lines.toSpliced(2, 1).join("\n"));
    }
    const shorter = await checkpoint(run);
    assertEquals(shorter.step, 2);
    assertStringIncludes(shorter.told, "line 3 does not fit");
  }));

Deno.test("training checkpoint: with no state left it begins anew, and keeps what is there", () =>
  withTraining(async (run) => {
    for (const name of ["state.safetensors", ".state.safetensors.previous"]) {
      await Deno.writeTextFile(run.file(name), "");
    }
    const { step, told } = await checkpoint(run);
    assertEquals(step, undefined);
    assertStringIncludes(
      told,
      "the training begins anew; what is left is kept as weights-before-1",
    );
    assertEquals(
      await Deno.readTextFile(run.file("weights-before-1.safetensors")),
      "weights of step 4",
    );
    assert((await Deno.readTextFile(run.file("log-before-1.jsonl"))).includes('"step":5'));
    await Deno.writeTextFile(run.file("state.safetensors"), "");
    await Deno.writeTextFile(run.file("weights.safetensors"), "others");
    assertStringIncludes((await checkpoint(run)).told, "weights-before-2.safetensors");
  }));

Deno.test("training checkpoint: a run that was stopped before its first one begins anew in silence", () =>
  inFolder(async (root) => {
    using run = await openRun({ root, command: "train", config: {} });
    assertEquals(await checkpoint(run), { step: undefined, told: "" });
    await Deno.writeTextFile(run.file("log.jsonl"), '{"step":1,"loss":1,"gradi');
    assertEquals(await checkpoint(run), { step: undefined, told: "" });
  }));
