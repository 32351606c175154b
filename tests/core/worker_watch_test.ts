import { assertEquals, assertMatch } from "@std/assert";
import { newPulse, WorkerWatch } from "../../src/core/worker_watch.ts";

/** A thread whose pulse the test counts up. */
const thread = () => ({ pulse: newPulse() });
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

Deno.test("worker watch: a thread that takes no message, or stops amid its work, is lost; others are not", async () => {
  const lost = new Map<unknown, string>();
  const watch = new WorkerWatch<ReturnType<typeof thread>>({
    pickUpMs: 900,
    quietMs: 1900,
    onLost: (each, { message }) => lost.set(each, message),
  });
  const [deaf, stopping, working, idle] = [thread(), thread(), thread(), thread()];
  for (const each of [deaf, stopping, working, idle]) watch.begin(each);
  watch.end(idle);
  Atomics.add(stopping.pulse, 0, 1);
  for (let ms = 0; ms < 1600; ms += 200) {
    Atomics.add(working.pulse, 0, 1);
    await wait(200);
  }
  assertEquals([...lost.keys()], [deaf]);
  for (let ms = 0; ms < 1600; ms += 200) {
    Atomics.add(working.pulse, 0, 1);
    await wait(200);
  }
  assertEquals([...lost.keys()], [deaf, stopping]);
  assertMatch(lost.get(deaf)!, /^it gave no sign of life for [12] seconds$/);
  // Its timer is gone with the last: the test would be told of a leak.
  watch.end(working);
});
