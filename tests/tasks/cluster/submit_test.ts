/** `deno task submit` and `status` as commands: what they write, and what they refuse in one line. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { parse } from "yaml";
import { openRun } from "../../../src/runs/run_folder.ts";
import { verb as status } from "../../../tasks/status.ts";
import { verb as submit } from "../../../tasks/submit.ts";
import { runHere } from "../in_process.ts";
import { checkResult } from "../result_fields.ts";

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Scripts are for shells, and paths in them such as these have. */
const ignore = Deno.build.os === "windows";

const sample = ["--", "sample", "--samples", "8"];

Deno.test("submit: what the command's own verb would refuse is refused before anything is written", async () => {
  await withFolder(async (folder) => {
    const job = join(folder, "job");
    const slurm = ["--engine", "slurm", "--shards", "4", "--job", job];
    for (
      const [args, says] of [
        [[...slurm], "The command is missing: write it after --, such as -- calibrate"],
        [[...slurm, "sample"], 'Unexpected argument "sample": write -- before COMMAND'],
        [
          [...slurm, "--", "train"],
          'Cannot submit "train": its work cannot be split, expected one of',
        ],
        [[...slurm, "--", "sampel"], "there is no such verb"],
        [
          [...slurm, "--", "sample", "--samplez", "8"],
          "Cannot submit sample: Unknown flag --samplez",
        ],
        [[...slurm, "--", "sample", "--shard", "1/4"], "Cannot submit sample with --shard"],
        [[...slurm, "--", "sample", "--fresh"], "Cannot submit sample with --fresh"],
        [[...slurm, "--", "calibrate", "--images", "9"], "--samples is auto, which all samples"],
        [[...slurm, "--", "sample", "--samples", "3"], "found 4 shards of 3 samples"],
        [[...slurm, "--time", "2h", ...sample], '--time is "2h", expected minutes'],
        [[...slurm, "--memory", "4GB", ...sample], '--memory is "4GB"'],
        [[...slurm, "--partition", "a b", ...sample], '--partition is "a b"'],
        [[...slurm, "--sbatch=--qos=x\n#SBATCH -N 9", ...sample], "--sbatch has a line break"],
        [
          ["--engine", "kubernetes", "--shards", "4", "--image", "x", "--job", job, ...sample],
          "--claim is missing",
        ],
        [
          [
            ...["--engine", "kubernetes", "--shards", "4", "--image", "x", "--claim", "c"],
            ...["--job", job, ...sample, "--from", "/data/x"],
          ],
          "--from is /data/x, a path of this machine",
        ],
      ] as const
    ) {
      const { code, err } = await runHere(submit, ...args);
      assertEquals(code, 1, err);
      assertStringIncludes(err, says);
      assertEquals(err.trim().split("\n").length, 1, err);
      assert(err.length < 400, err);
    }
    assertEquals([...Deno.readDirSync(folder)], []);
    const none = await runHere(status, folder);
    assertEquals(none.code, 1);
    assertStringIncludes(none.err, "found no job.json in it");
  });
});

Deno.test(
  "submit: each engine's files, the lines to run, and the same again",
  { ignore },
  async () => {
    await withFolder(async (folder) => {
      const submitted = async (engine: string, ...args: string[]) => {
        const job = join(folder, engine);
        const outcome = await runHere(submit, ...[
          ...["--engine", engine, "--shards", "4", "--job", job, "--write-only", "--cpus", "2"],
          ...["--json", ...args, ...sample],
        ]);
        assertEquals(outcome.code, 0, outcome.err);
        const files = [...Deno.readDirSync(job)].map(({ name }) => name).sort();
        return { job, files, result: await checkResult(outcome.out) };
      };
      const slurm = await submitted("slurm", "--limit", "3");
      assertEquals(slurm.files, [
        ...[
          ".lock",
          "array.slurm",
          "job.json",
          "logs",
          "merge.sh",
          "merge.slurm",
          "shard.sh",
          "shards",
        ],
      ]);
      assertEquals(slurm.result.submitted, [1, 2, 3, 4]);
      assertMatch(
        slurm.result.lines[0],
        /^id=\$\(sbatch --parsable '--array=1-4%3' \S+array\.slurm\)$/,
      );
      const shard = await Deno.readTextFile(join(slurm.job, "shard.sh"));
      assertMatch(
        shard,
        /task -q sample --samples 8 --workers 2 --shard "\$shard\/4" --shard-folder /,
      );

      const kubernetes = await submitted("kubernetes", "--image", "els:1", "--claim", "shared");
      assertEquals(kubernetes.files, [
        ...[".lock", "Containerfile", "job.json", "job.yaml", "logs", "merge.yaml", "shards"],
      ]);
      const manifest = parse(await Deno.readTextFile(join(kubernetes.job, "job.yaml")));
      assertEquals(manifest.spec.completions, 4);
      assertEquals(kubernetes.result.lines.length, 5);

      const parallel = await submitted("parallel", "--limit", "2");
      assertStringIncludes(
        await Deno.readTextFile(join(parallel.job, "parallel.sh")),
        "seq 4 | parallel --jobs 2 ",
      );
      const before = await Deno.readTextFile(join(parallel.job, "job.json"));
      await submitted("parallel", "--limit", "2");
      assertEquals(await Deno.readTextFile(join(parallel.job, "job.json")), before);

      const told = await runHere(status, parallel.job, "--json");
      const state = await checkResult(told.out);
      assertEquals(state.states.missing, [1, 2, 3, 4]);
      assertEquals(state.command, ["sample", "--samples", "8", "--workers", "2"]);
      const refused = await runHere(
        submit,
        ...["--engine", "slurm", "--shards", "4", "--job", parallel.job, "--", "sample"],
      );
      assertStringIncludes(
        refused.err,
        "its command is sample --samples 8 --workers 2, expected sample",
      );
    });
  },
);

Deno.test(
  "submit: the latest run is named, as shards begin at different times",
  { ignore },
  async () => {
    await withFolder(async (folder) => {
      const out = join(folder, "runs");
      const config = { steps: 1 };
      (await openRun({ root: out, command: "train", label: "digits", config }))[Symbol.dispose]();
      const job = join(folder, "job");
      for (const run of [["--run", "latest"], ["--run=latest"]]) {
        const { code, err, out: text } = await runHere(
          submit,
          ...["--engine", "slurm", "--shards", "2", "--job", job, "--write-only", "--json"],
          ...["--", "sample", ...run, "--out", out],
        );
        assertEquals(code, 0, err);
        assertEquals(JSON.parse(text).submitted, [1, 2]);
        const script = await Deno.readTextFile(join(job, "shard.sh"));
        assertStringIncludes(script, " sample --run 00001-train-digits --out ");
        assertStringIncludes(
          await Deno.readTextFile(join(job, "merge.sh")),
          `--run 00001-train-digits --out ${out}`,
        );
      }
    });
  },
);
