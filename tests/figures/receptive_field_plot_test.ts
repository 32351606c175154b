import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import {
  receptiveFieldMapsExplained,
  receptiveFieldMapsSvg,
} from "../../src/figures/receptive_field_maps.ts";
import {
  receptiveFieldPlotExplained,
  receptiveFieldPlotSvg,
} from "../../src/figures/receptive_field_plot.ts";
import type { ReceptiveField } from "../../src/networks/analysis/field_profile.ts";
import { assertSnapshot } from "../snapshot.ts";

const radius = 5;
const offsets = Array.from({ length: 2 * radius + 1 }, (_, i) => i - radius);
const field: ReceptiveField = {
  of: "x0",
  computed: 9,
  radius,
  gradients: 32,
  times: [0.25, 0.5, 0.75, 1].map((t) => ({
    t,
    sigma: t,
    map: offsets.flatMap((y) =>
      offsets.map((x) =>
        Math.max(Math.abs(x), Math.abs(y)) > 4 ? 0 : Math.exp(-(x * x + y * y) / (8 * t))
      )
    ),
  })),
};

Deno.test("receptive field: maps and plot equal their snapshots", async () => {
  await assertSnapshot(
    receptiveFieldMapsSvg(field, {
      title: "Receptive field",
      note: receptiveFieldMapsExplained,
    }),
    "receptive_field_maps.svg",
  );
  const scales = [{ label: "bbELS scale", t: [0.5, 1], patchSize: [3, 7] }];
  const svg = await receptiveFieldPlotSvg(field, {
    title: "Receptive field",
    note: receptiveFieldPlotExplained,
    scales,
  });
  await assertSnapshot(svg, "receptive_field.svg");
  assert(svg.includes("architecture: 9") && svg.includes("bbELS scale"));
});

Deno.test("receptive field: attention is said to see the whole image, many times are thinned out", async () => {
  const svg = await receptiveFieldPlotSvg({ ...field, computed: Infinity });
  assert(svg.includes("architecture: whole image, measured to 11"));
  const times = Array.from({ length: 30 }, (_, i) => ({ ...field.times[0]!, t: (i + 1) / 30 }));
  const maps = receptiveFieldMapsSvg({ ...field, times });
  assertEquals(maps.match(/t = /g)?.length, 10);
  assert(maps.includes("t = 0.033") && maps.includes("t = 1<"));
});

Deno.test("receptive field: colors tell small gradients from none, and a zero map is drawn", () => {
  const changed = (map: readonly number[]) =>
    receptiveFieldMapsSvg({ ...field, times: [{ ...field.times[0]!, map }] });
  const { map } = field.times[0]!;
  const zero = map.map(() => 0);
  assertNotEquals(changed(map.with(60, 1).with(0, 1e-3)), changed(map));
  assert(changed(zero).includes("–"));
});

Deno.test("receptive field: no times, maps of another size and NaN are refused", async () => {
  assertThrows(() => receptiveFieldMapsSvg({ ...field, times: [] }), RangeError, "no times");
  for (const map of [[1], field.times[0]!.map.with(3, NaN), field.times[0]!.map.with(3, -1)]) {
    await assertRejects(
      () => receptiveFieldPlotSvg({ ...field, times: [{ ...field.times[0]!, map }] }),
      RangeError,
      "t = 0.25 is damaged",
    );
  }
});
