import { assert, assertEquals } from "@std/assert";
import { type SearchRequest, searchScales } from "../../src/calibration/scale_search.ts";

const candidates = 9;
/** Similarity that falls on either side of a peak. */
const similarity = (peak: number, candidate: number) => {
  const cosine = 1 / (1 + Math.abs(candidate - peak));
  return { cosine, l2: 1 - cosine, mse: 1 - cosine };
};

async function search(
  peaks: readonly number[],
  start: readonly number[] | null,
  { candidates: count = candidates, line = false } = {},
) {
  const requests: SearchRequest[] = [];
  const rows = await searchScales({
    samples: peaks.length,
    candidates: count,
    metric: "cosine",
    start,
    line,
    evaluate: (request) => {
      requests.push(request);
      return Promise.resolve(
        request.samples.map((sample) =>
          request.candidates.map((candidate) => similarity(peaks[sample]!, candidate))
        ),
      );
    },
  });
  return { rows, requests };
}

Deno.test("searchScales: every sample finds its peak, and evaluates nothing twice", async () => {
  const peaks = [0, 4, 8, 2], start = [3, 4, 5, 3];
  const { rows, requests } = await search(peaks, start);
  peaks.forEach((peak, sample) => {
    for (const beside of [peak - 1, peak, peak + 1]) {
      if (beside >= 0 && beside < candidates) {
        assertEquals(rows[sample]![beside], similarity(peak, beside));
      }
    }
  });
  const asked = requests.flatMap(({ samples, candidates }) =>
    samples.flatMap((sample) => candidates.map((candidate) => `${sample} ${candidate}`))
  );
  assertEquals(new Set(asked).size, asked.length);
  // The second sample starts at its peak: three candidates and no more.
  assertEquals(rows[1]!.flatMap((value, i) => value === null ? [] : [i]), [3, 4, 5]);
});

Deno.test("searchScales: samples that want the same are evaluated together, others apart", async () => {
  const { requests } = await search([4, 4, 6], [4, 4, 6]);
  assertEquals(requests.map(({ samples, candidates }) => ({ samples, candidates })), [
    { samples: [0, 1], candidates: [3, 4, 5] },
    { samples: [2], candidates: [5, 6, 7] },
  ]);
});

Deno.test("searchScales: without a start everything is evaluated in one request", async () => {
  const { rows, requests } = await search([3, 7], null);
  assertEquals(requests.length, 1);
  assertEquals([requests[0]!.from, requests[0]!.to], [0, 1]);
  assert(rows.flat().every((value) => value !== null));
});

Deno.test("searchScales: progress goes on from request to request and stays below the whole", async () => {
  const { requests } = await search([0, 8, 4], [4, 4, 4]);
  let at = 0;
  for (const { from, to } of requests) {
    assertEquals(from, at);
    assert(to > from && to < 1);
    at = to;
  }
});

Deno.test("searchScales: a line search finds every peak, wherever it began, with few candidates", async () => {
  const count = 27;
  const known = (row: readonly unknown[]) => row.flatMap((value, i) => value === null ? [] : [i]);
  for (let peak = 0; peak < count; peak++) {
    for (const start of [null, 0, 5, 13, 26]) {
      const { rows: [row] } = await search([peak], start === null ? null : [start], {
        candidates: count,
        line: true,
      });
      const found = known(row!);
      for (const beside of [peak - 1, peak, peak + 1]) {
        assert(beside < 0 || beside >= count || found.includes(beside), `${peak} from ${start}`);
      }
      // Every fourth is 8, their way there at most; then two and two more at most.
      assert(found.length <= 8 + 4, `${found.length} for ${peak} from ${start}`);
    }
  }
  // From nearby: three coarse ones, two finer, of which one is as good as the start, and one fine.
  const { rows: [row] } = await search([14], [13], { candidates: count, line: true });
  assertEquals(known(row!), [9, 11, 13, 14, 15, 17]);
});
