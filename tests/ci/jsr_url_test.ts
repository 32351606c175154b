/** Where the standard library is taken from, and how often JSR is asked. */
import { assertEquals } from "@std/assert";
import { jsrUrl, type JsrWorld, type Verdict } from "../../.ci/jsr_url.ts";

const standIns = "file:///clone/.ci/jsr/";

/** A world at a time in hours, that counts the probes. */
function world(
  { preset, reachable, verdict }: {
    preset?: string;
    reachable: boolean;
    verdict?: Verdict;
  },
) {
  const record = { probes: 0, verdict };
  let hour = 0;
  const asked: JsrWorld = {
    preset,
    standIns,
    read: () => Promise.resolve(record.verdict),
    write: (verdict) => {
      record.verdict = verdict;
      return Promise.resolve();
    },
    probe: () => {
      record.probes++;
      return Promise.resolve(reachable);
    },
    now: () => new Date(Date.UTC(2026, 0, 1, hour)),
  };
  return { asked, record, later: (hours: number) => hour += hours };
}

Deno.test("jsr_url: the verdict holds for a day, then JSR is asked again", async () => {
  for (const [reachable, url] of [[false, standIns], [true, ""]] as const) {
    const { asked, record, later } = world({ reachable });
    for (const hours of [0, 1, 22]) {
      later(hours);
      assertEquals([await jsrUrl(asked), record.probes], [url, 1]);
    }
    later(1);
    assertEquals([await jsrUrl(asked), record.probes], [url, 2]);
  }
});

Deno.test("jsr_url: a JSR_URL that is set is kept, even to nothing, and no one is asked", async () => {
  for (const preset of ["", "file:///elsewhere/"]) {
    const { asked, record } = world({ preset, reachable: false });
    assertEquals([await jsrUrl(asked), record.probes], [preset, 0]);
    assertEquals(record.verdict, undefined);
  }
});

Deno.test("jsr_url: a verdict that is damaged or from the future does not count", async () => {
  for (const at of ["yesterday", "2126-01-01T00:00:00.000Z"]) {
    const { asked, record } = world({ reachable: false, verdict: { reachable: true, at } });
    assertEquals([await jsrUrl(asked), record.probes], [standIns, 1]);
  }
});
