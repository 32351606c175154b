/** A thousand shards, merged in any order. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { joinCalibrationStates } from "../../src/calibration/join_states.ts";
import type { CalibrationState } from "../../src/calibration/calibration.ts";
import { writeCalibrationState } from "../../src/calibration/calibration_state_file.ts";
import { Random } from "../../src/core/random.ts";
import { ImageStore } from "../../src/runs/image_store.ts";
import { shardBytes, type ShardHeader, shardRange } from "../../src/runs/shard_file.ts";
import { MergedShards, shardPaths } from "../../tasks/pipelines/merged_shards.ts";
import { takeImages } from "../../tasks/pipelines/share.ts";

const [total, count] = [1003, 1000];
const x0 = new Random(1, "images").normals(2 * total);
const rows = Array.from({ length: total }, (_, sample) => [[1 / (sample + 2), null]]);

/** The state of a calibration on samples `from` up to `to`. */
const stateOf = (from: number, to: number): CalibrationState => ({
  ...{ network: "a", machine: "LS", imageShape: [1, 2, 1], seed: 1, steps: 1, candidates: [3, 5] },
  noiseSchedule: { name: "cosine_legacy", parameters: {} },
  ...from > 0 && { first: from },
  labels: Array.from({ length: to - from }, (_, i) => (from + i) % 10),
  tables: { cosine: rows.slice(from, to), l2: rows.slice(from, to), mse: rows.slice(from, to) },
  inProgress: null,
});

Deno.test("merged shards: a thousand of them in any order give the bytes of one work", async () => {
  const folder = await Deno.makeTempDir();
  const paths: string[] = [];
  // They come in no order, and neither do their names.
  for (const index of new Random(2, "names").permutation(count)) {
    const header: ShardHeader = {
      ...{ kind: "sample", over: "samples", index: index + 1, count, total },
      ...shardRange(total, { index: index + 1, count }),
      ...{ identity: { seed: 1 }, toolkit: "a 1" },
    };
    const { from, to } = header;
    const data = Float32Array.from(x0.slice(2 * from, 2 * to));
    const path = join(folder, `${paths.length}`);
    paths.push(path);
    await Deno.writeFile(
      path,
      shardBytes({
        header,
        tensors: new Map([["x0", { dtype: "F32", shape: [to - from, 1, 2, 1], data }]]),
        values: { states: [stateOf(from, to)] },
      }),
    );
  }
  const options = { names: ["x0"], samples: total, imageShape: [1, 2, 1] } as const;
  const kept = async (name: string, fill: (store: ImageStore) => void) => {
    const path = join(folder, name);
    using store = await ImageStore.open(path, options);
    fill(store);
    return await Deno.readFile(path);
  };
  const expected = await kept("whole", (store) =>
    store.writeBatch(
      new Map(Array.from({ length: total }, (_, i) => [i, { x0: x0.slice(2 * i, 2 * i + 2) }])),
    ));
  const merged = await MergedShards.read(await shardPaths(paths));
  const found = await kept("merged", (store) => takeImages(store, { role: "merge", merged }));
  assertEquals(found, expected);
  const { check: _, ...state } = joinCalibrationStates(merged.list<CalibrationState>("states"));
  assertEquals(writeCalibrationState(state), writeCalibrationState(stateOf(0, total)));
});
