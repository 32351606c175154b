import { assert, assertEquals } from "@std/assert";
import { imageLevels, type RaceRequest, raceScales } from "../../src/calibration/image_race.ts";
import { similarityMetric } from "../../src/calibration/similarity.ts";

const candidates = 5;

/** Races with cosines that are a function of sample, candidate and the number of doublings from 5000. */
async function race(
  cosine: (sample: number, candidate: number, missing: number) => number | null,
  { samples = 2, images = 5000, enough = (_: readonly (readonly number[])[]): boolean => false } =
    {},
) {
  const requests: RaceRequest[] = [];
  const result = await raceScales({
    ...{ samples, candidates, metric: similarityMetric("cosine"), images, enough },
    evaluate: (request) => {
      requests.push(request);
      const missing = Math.log2(images / request.images);
      return Promise.resolve(
        request.samples.map((sample) =>
          request.candidates.map((candidate) => ({ cosine: cosine(sample, candidate, missing) }))
        ),
      );
    },
  });
  return { ...result, requests };
}

const best = (row: readonly ({ cosine: number | null } | null)[]) => {
  const values = row.map((value) => value?.cosine ?? -Infinity);
  return values.indexOf(Math.max(...values));
};

Deno.test("imageLevels: doubles up to all images, from 32 on", () => {
  assertEquals(imageLevels(5000), [40, 79, 157, 313, 625, 1250, 2500, 5000]);
  assertEquals(imageLevels(64), [32, 64]);
  assertEquals(imageLevels(63), [63]);
  assertEquals(imageLevels(1), [1]);
});

Deno.test("raceScales: a single candidate has a value, by the fewest images", async () => {
  const { rows, images } = await raceScales({
    ...{ samples: 2, candidates: 1, metric: similarityMetric("cosine"), images: 5000 },
    enough: () => false,
    evaluate: ({ samples }) => Promise.resolve(samples.map(() => [{ cosine: 0.5 }])),
  });
  assertEquals(rows, [[{ cosine: 0.5 }], [{ cosine: 0.5 }]]);
  assertEquals(images, [40, 40]);
});

Deno.test("raceScales: where images change nothing the third level decides, and nothing more is asked", async () => {
  const { rows, images, requests } = await race((sample, candidate) =>
    1 - 0.01 * Math.abs(candidate - sample)
  );
  assertEquals(rows.map(best), [0, 1]);
  assertEquals(images, [157, 157]);
  assertEquals(requests.map(({ images }) => images), [40, 79, 157]);
});

Deno.test("raceScales: a candidate that images bring up steadily is kept until it has won", async () => {
  // Candidate 2 gains 0.01 a doubling and passes candidate 1 with the last of them.
  const { rows, images } = await race((_, candidate, missing) =>
    candidate === 1 ? 0.9 : candidate === 2 ? 0.905 - 0.01 * missing : 0.5
  );
  assertEquals(rows.map(best), [2, 2]);
  assertEquals(images, [5000, 5000]);
  // All others were given up early: their rows are null.
  assertEquals(rows[0]!.map((value) => value !== null), [false, true, true, false, false]);
});

Deno.test("raceScales: one that would come too late is given up before all images are used", async () => {
  const { rows, images } = await race((_, candidate, missing) =>
    candidate === 1 ? 0.9 : candidate === 2 ? 0.88 - 0.002 * missing : 0.5
  );
  assertEquals(rows.map(best), [1, 1]);
  assert(images[0]! < 1000, `${images}`);
});

Deno.test("raceScales: moves of other samples count where a sample's own are small by chance", async () => {
  const others = (sample: number, candidate: number, missing: number) =>
    candidate === 1 ? 0.9 : candidate === 2 ? 0.89 - (sample === 0 ? 0 : 0.01) * missing : 0.5;
  const alone = await race((_, candidate, missing) => others(0, candidate, missing));
  assertEquals(alone.images, [157, 157]);
  const together = await race(others, { samples: 4 });
  assert(together.images[0]! > 313, `${together.images}`);
});

Deno.test("raceScales: samples that have the same open candidates are asked for together, and nothing twice", async () => {
  const { requests } = await race((sample, candidate, missing) =>
    candidate === 1 ? 0.9 : candidate === 2 + sample ? 0.905 - 0.01 * missing : 0.5
  );
  assertEquals(requests.slice(0, 3).map(({ samples }) => samples), [[0, 1], [0, 1], [0, 1]]);
  assertEquals(requests.slice(3, 5).map(({ samples, candidates }) => [samples, candidates]), [
    [[0], [1, 2]],
    [[1], [1, 3]],
  ]);
  const asked = requests.flatMap(({ samples, images }) => samples.map((s) => `${s} ${images}`));
  assertEquals(new Set(asked).size, asked.length);
  let at = 0;
  for (const { from, to } of requests) {
    assert(Math.abs(from - at) < 1e-12 && to > from && to <= 1 + 1e-12);
    at = to;
  }
});

Deno.test("raceScales: it ends when enough is known, and shows what each sample's best likely is among", async () => {
  const seen: (readonly (readonly number[])[])[] = [];
  const { images } = await race(
    (_, candidate, missing) => candidate < 2 ? 0.9 + candidate * (0.02 - 0.01 * missing) : 0.1,
    { enough: (likely) => seen.push(likely) === 2 },
  );
  assertEquals(images, [313, 313]);
  assertEquals(seen, [[[0, 1], [0, 1]], [[0, 1], [0, 1]]]);
});

Deno.test("raceScales: candidates without a value are given up, unless none has one", async () => {
  const { rows } = await race((sample, candidate) => sample === 0 || candidate > 2 ? null : 0.5);
  assert(rows[0]!.every((value) => value?.cosine === null));
  assertEquals(best(rows[1]!), 0);
});

Deno.test("raceScales: with few images there is one level, of all candidates and all images", async () => {
  const { images, requests } = await race((_, candidate) => candidate / 10, { images: 50 });
  assertEquals([images, requests.length], [[50, 50], 1]);
});
