import process from "node:process";
import { assert, assertEquals } from "@std/assert";
import { ArgumentError, DataFormatError } from "../../../src/core/errors.ts";
import { watchAllocations } from "../../../tasks/tools/fuzz/allocations.ts";
import { Inputs } from "../../../tasks/tools/fuzz/inputs.ts";
import { minimize } from "../../../tasks/tools/fuzz/minimize.ts";
import { type Outcome, runInput } from "../../../tasks/tools/fuzz/run_input.ts";
import {
  type Expectation,
  type FuzzTarget,
  loadTarget,
  reads,
  readsOrRefused,
  refused,
  targetNames,
} from "../../../tasks/tools/fuzz/target.ts";

const bytes = Uint8Array.of(1, 2, 3);

/** A reader that does one thing, whatever it is given. */
const reader = (read: (source: string) => unknown): FuzzTarget => ({
  about: "a reader",
  file: "a.file",
  seeds: () => [bytes],
  read: (_, source) => read(source),
  structured: () => ({ bytes, note: "" }),
});

Deno.test("fuzz: what a reader makes of an input is judged by its error, value, time and memory", async () => {
  const error = (make: (source: string) => unknown) =>
    reader((source) => {
      throw make(source);
    });
  // By the time that it computes: other programs on the machine may take most of what passes.
  const busy = reader(() => {
    for (const began = process.cpuUsage(); process.cpuUsage(began).user < 800_000;);
  });
  // Its pages are never touched: seen by what is asked for, not by how the process grows.
  watchAllocations();
  const large = reader(() => new Uint8Array(300e6));
  const cases: [FuzzTarget, Expectation | undefined, Outcome][] = [
    [reader(() => 3), undefined, "read"],
    [reader(() => 3), reads(3), "read"],
    [reader(() => new Map([[1, [2]]])), reads(new Map([[1, [2]]])), "read"],
    [reader(() => 3), readsOrRefused(4), "silent"],
    [reader(() => 3), refused, "silent"],
    [error((source) => new DataFormatError(source, "damaged")), refused, "refused"],
    [error((source) => new DataFormatError(source, "damaged")), readsOrRefused(3), "refused"],
    [error((source) => new DataFormatError(source, "damaged")), reads(3), "silent"],
    [error(() => new DataFormatError("b.file", "damaged")), undefined, "internal"],
    [error((source) => new ArgumentError(`${source} is wrong`)), undefined, "refused"],
    [error((source) => new TypeError(`${source} is undefined`)), undefined, "internal"],
    [error((source) => new RangeError(`${source}: stack size exceeded`)), undefined, "internal"],
    [error(() => "text"), undefined, "internal"],
    [busy, undefined, "hang"],
    [large, undefined, "memory"],
    [{ ...large, asks: () => 300e6 }, undefined, "read"],
  ];
  for (const [target, expected, outcome] of cases) {
    // Less time than in earnest, so that it does not take long; a process grows by tens of MB by itself.
    const limits = { milliseconds: 400, megabytes: 200 };
    const found = await runInput(target, { bytes, expected }, limits);
    assertEquals(found.outcome, outcome, found.says);
  }
});

Deno.test("fuzz: the same seed and number give the same input, others another", async () => {
  const target = await loadTarget("npy");
  const [one, same, other] = await Promise.all(
    [7, 7, 8].map((seed) => Inputs.of(target, { seed })),
  );
  for (const mode of ["raw", "structured"] as const) {
    const made = [...Array(20).keys()].map((i) => one!.make(mode, i));
    assertEquals([...Array(20).keys()].map((i) => same!.make(mode, i)), made);
    assert(made.some(({ bytes }, i) => other!.make(mode, i).bytes.join() !== bytes.join()));
    assert(new Set(made.map(({ bytes }) => bytes.join())).size > 10);
  }
});

Deno.test("fuzz: every target reads its good files, and a few of each kind fail nowhere", async () => {
  assert(targetNames().length >= 10);
  for (const name of targetNames()) {
    const target = await loadTarget(name);
    const inputs = await Inputs.of(target, { seed: 3 });
    assert(inputs.good.length > 0, name);
    for (const mode of ["raw", "structured"] as const) {
      for (let i = 0; i < 20; i++) {
        const { outcome, says } = await runInput(target, inputs.make(mode, i));
        assert(["read", "refused"].includes(outcome), `${name} ${mode} ${i}: ${outcome}: ${says}`);
      }
    }
  }
});

Deno.test("fuzz: a failing input is made smaller, as long as it fails", async () => {
  const large = Uint8Array.from({ length: 300 }, (_, i) => i % 7);
  const small = await minimize(
    large,
    (some) => Promise.resolve(some.includes(3) && some.includes(5)),
  );
  assertEquals([...small], [3, 5]);
});
