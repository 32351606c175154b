/** Scale schedules, which people edit by hand. */
import { importScales } from "../../../../src/calibration/import_scales.ts";
import {
  parseScaleSchedule,
  writeScaleSchedule,
} from "../../../../src/calibration/scale_schedule_json.ts";
import type { Random } from "../../../../src/core/random.ts";
import type { ScaleSchedule } from "../../../../src/machines/scale_schedule.ts";
import { cosineLegacy } from "../../../../src/schedules/cosine_legacy.ts";
import { oneIn } from "../bytes.ts";
import { damaged } from "../json_damage.ts";
import { pick } from "../mutate.ts";
import { type FuzzInput, type FuzzTarget, reads, readsOrRefused, refused } from "../target.ts";

const encode = (text: string) => new TextEncoder().encode(text);

function randomSchedule(random: Random, window?: "super"): ScaleSchedule {
  const between = window === undefined ? 0 : 0.25;
  const scales = Array.from(
    { length: 1 + random.integer(4) },
    () => 1 + between + 2 * random.integer(window === undefined ? 4 : 3),
  );
  const imported = importScales(scales, {
    window,
    machine: pick(random, ["bbELS", "ELS"]),
    padding: pick(random, ["zeros", "circular"]),
    imageShape: [8, 8, pick(random, [1, 3])],
    schedule: cosineLegacy(),
    provenance: {
      ...{ toolkit: "fuzz", runtime: "fuzz", seed: random.integer(9), config: { images: 5 } },
      network: { name: "resnet", sha256: "a".repeat(64), architecture: { width: 48 } },
    },
  });
  const samples = random.integer(3);
  const { candidates } = imported;
  const steps = imported.steps.map((step) => {
    const perSample = Array.from({ length: samples }, () => pick(random, candidates));
    const similarity = perSample.map((best) =>
      candidates.map((k) => k !== best && oneIn(random, 4) ? null : random.normal())
    );
    return { ...step, perSample, similarity };
  });
  const labels = oneIn(random, 2) ? null : Array.from({ length: samples }, () => random.integer(9));
  return { ...imported, labels, steps };
}

/** What must be refused, of the fields of a good one. */
// deno-lint-ignore no-explicit-any -- the point is to break the type
const wrong: Readonly<Record<string, (file: any, random: Random) => void>> = {
  "another format": (file) => file.format = "els-schedule",
  "another version": (file, random) => file.version = pick(random, [0, 2, 3, "1", null]),
  "no steps": (file) => file.steps = [],
  "a scale that is no candidate": (file) => file.steps[0].patchSize = 99,
  "an even candidate": (file) => file.candidates = [...file.candidates, 14],
  "a candidate larger than any patch": (file) => file.candidates = [...file.candidates, 17],
  "times that do not ascend": (file, random) =>
    file.steps[random.integer(file.steps.length)].t = pick(random, [0, -1, 2, 1e-9, "1", null]),
  "steps out of order": (file) => file.steps[0].step = 2,
  "no noise": (file) => file.steps[0].sigma = 0,
  "a step twice": (file) => file.steps = [...file.steps, file.steps.at(-1)],
  "a sample more in one step": (file) => file.steps[0].perSample = [...file.steps[0].perSample, 99],
  "labels of other samples": (file) => file.labels = [1, 2, 3, 4, 5],
  "an unknown machine": (file) => file.machine = "bbelss",
  "an unknown field": (file) => file.scales = [3],
  "a checksum that is none": (file) => file.checksum = "abc",
  "a parameter of noise that is text": (file) => file.noiseSchedule.parameters = { offset: "0" },
  "a refinement without trials": (file) => file.refinement = { measure: "r" },
};

function structured(random: Random): FuzzInput {
  const schedule = randomSchedule(random);
  const text = writeScaleSchedule(schedule);
  const what = random.integer(3);
  if (what === 0) {
    const file: unknown = JSON.parse(text);
    const laidOut = oneIn(random, 2) ? text : JSON.stringify(file, null, random.integer(5));
    return { bytes: encode(laidOut), note: "good", expected: reads(schedule) };
  }
  const file: unknown = JSON.parse(text);
  if (what === 1) {
    const note = pick(random, Object.keys(wrong));
    wrong[note]!(file, random);
    return { bytes: encode(JSON.stringify(file)), note, expected: refused };
  }
  const { value, note } = damaged(file, random);
  const bytes = encode(JSON.stringify(value));
  // What is changed and keeps the checksum is known as edited, if it is read.
  const kept = JSON.stringify(value) !== JSON.stringify(file) &&
    checksumIn(value) === checksumIn(file);
  return kept ? { bytes, note, expected: readsOrRefused(edited) } : { bytes, note };
}

const checksumIn = (value: unknown) => (value as { checksum?: unknown } | null)?.checksum;
/** What is read of a schedule that was edited, whatever it says. */
const edited = "edited";

/** See above. */
export const target: FuzzTarget = {
  about: "scale schedules",
  file: "scale_schedule.json",
  tokens: [
    '"steps": [',
    '"t": ',
    '"kernelSize": 3',
    '"patchSize": 4',
    "[[[[",
    '"edited": true',
    "1e999",
  ],
  seeds: (random) =>
    Array.from(
      { length: 6 },
      (_, i) => encode(writeScaleSchedule(randomSchedule(random, i < 4 ? undefined : "super"))),
    ),
  read(bytes, source) {
    const schedule = parseScaleSchedule(new TextDecoder().decode(bytes), source);
    return schedule.edited ? edited : schedule;
  },
  structured,
};
