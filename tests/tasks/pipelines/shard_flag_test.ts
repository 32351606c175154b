import { assertEquals, assertThrows } from "@std/assert";
import { shardVariables as granted } from "../../../.ci/permissions.ts";
import { requestedShard, shardVariables } from "../../../tasks/pipelines/shard_flag.ts";

const shard = (flag: string | undefined, variables: Record<string, string> = {}) =>
  requestedShard(flag, (name) => variables[name]);
const of = (index: number, count: number) => ({ index, count });
const slurm = (
  id: number,
  [min, max, count]: readonly [number, number, number],
  step?: number,
) => ({
  SLURM_ARRAY_TASK_ID: `${id}`,
  SLURM_ARRAY_TASK_MIN: `${min}`,
  SLURM_ARRAY_TASK_MAX: `${max}`,
  SLURM_ARRAY_TASK_COUNT: `${count}`,
  ...step !== undefined && { SLURM_ARRAY_TASK_STEP: `${step}` },
});
const kubernetes = { JOB_COMPLETION_INDEX: "3", JOB_COMPLETIONS: "4" };
const chosen = (flag: string | undefined, variables?: Record<string, string>) => {
  const found = shard(flag, variables);
  return found && of(found.index, found.count);
};

Deno.test("shard flag: people count from 1, and what is no share is refused", () => {
  assertEquals(chosen("2/4"), of(2, 4));
  assertEquals(chosen("1/1"), of(1, 1));
  for (const wrong of ["0/4", "5/4", "2", "2/", "a/b", "-1/4", "1/0", "1.5/3", ""]) {
    assertThrows(() => shard(wrong), Error, "expected such as 2/4");
  }
});

Deno.test("shard flag: a batch system tells the share, and the flag goes before it", () => {
  assertEquals(chosen(undefined), undefined);
  assertEquals(chosen(undefined, slurm(3, [1, 10, 10])), of(3, 10));
  assertEquals(chosen(undefined, slurm(0, [0, 9, 10])), of(1, 10));
  assertEquals(chosen(undefined, slurm(9, [0, 9, 10])), of(10, 10));
  assertEquals(chosen(undefined, slurm(7, [1, 9, 5], 2)), of(4, 5));
  assertEquals(chosen(undefined, kubernetes), of(4, 4));
  assertEquals(chosen(undefined, { ...kubernetes, ...slurm(2, [1, 3, 3]) }), of(2, 3));
  assertEquals(shard(undefined, kubernetes)!.by, "JOB_COMPLETION_INDEX 3");
  assertEquals(chosen("1/2", slurm(3, [1, 10, 10])), of(1, 2));
  assertEquals(chosen("none", slurm(3, [1, 10, 10])), undefined);
});

Deno.test("shard flag: an array of which the number of shares cannot be told is refused", () => {
  const refuses = (variables: Record<string, string>, message: string) =>
    assertThrows(() => shard(undefined, variables), Error, message);
  // Resubmission of what failed: 3 and 7 of ten.
  refuses(slurm(3, [3, 7, 2]), "2 tasks from 3 to 7");
  refuses(slurm(1, [1, 7, 2]), "2 tasks from 1 to 7");
  refuses({ SLURM_ARRAY_TASK_ID: "3" }, "--shard none");
  refuses({ SLURM_ARRAY_TASK_ID: "x" }, 'SLURM_ARRAY_TASK_ID is "x", expected a whole number');
  refuses({ JOB_COMPLETION_INDEX: "3" }, "JOB_COMPLETIONS not set");
  refuses({ ...kubernetes, JOB_COMPLETIONS: "3" }, "JOB_COMPLETIONS 3");
});

Deno.test("shard flag: commands may read the variables that it asks for", () => {
  assertEquals(granted, shardVariables);
});
