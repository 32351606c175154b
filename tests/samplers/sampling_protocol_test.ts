import { assertEquals, assertThrows } from "@std/assert";
import { fitProtocol, sampleLabels } from "../../src/samplers/sampling_protocol.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";

const schedule = createSchedule("cosine_legacy");
const protocol = { sampler: "ddim", grid: "karras", steps: 4, seed: 7, samples: 3 } as const;

Deno.test("sampleLabels: the wanted classes in turn, all where none are named", () => {
  assertEquals(sampleLabels({ classes: 3, samples: 5 }), [0, 1, 2, 0, 1]);
  assertEquals(sampleLabels({ classes: 3, samples: 4, labels: [2, 0] }), [2, 0, 2, 0]);
  assertEquals(sampleLabels({ classes: 0, samples: 4 }), undefined);
});

Deno.test("sampleLabels: classes that the network does not know are a RangeError", () => {
  const refused = (classes: number, labels: number[], message: string) =>
    assertThrows(() => sampleLabels({ classes, samples: 2, labels }), RangeError, message);
  refused(0, [1], "the network is not conditional; leave out `labels`");
  refused(3, [0, 3], "with 3: the network has classes 0 to 2");
  refused(3, [-1], "with -1: the network has classes 0 to 2");
  refused(3, [], "with nothing: the network has classes 0 to 2");
});

Deno.test("fitProtocol: says the classes outright and leaves the rest, also further fields, behind", () => {
  const wanted = { ...protocol, images: 9 };
  assertEquals(fitProtocol(wanted, { schedule, classes: 0 }), { ...protocol, labels: undefined });
  assertEquals(
    fitProtocol({ ...wanted, networkSteps: 9, labels: [1] }, { schedule, classes: 2 }),
    { ...protocol, networkSteps: 9, labels: [1, 1, 1] },
  );
});

Deno.test("fitProtocol: times that cannot be had are refused, the network's too", () => {
  for (const steps of [{ steps: 1 }, { networkSteps: 1 }]) {
    assertThrows(
      () => fitProtocol({ ...protocol, ...steps }, { schedule, classes: 0 }),
      RangeError,
      "Karras time grid of 1 steps",
    );
  }
});
