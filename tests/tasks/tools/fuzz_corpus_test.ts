/**
 * Files that once hung a reader, filled the memory, or were read wrong: what becomes of each is written in
 * expected.json beside it. `deno task test:snapshots` writes these anew; look at them.
 */
import { assert, assertEquals } from "@std/assert";
import { isFailure, runInput } from "../../../tasks/tools/fuzz/run_input.ts";
import { loadTarget, targetNames } from "../../../tasks/tools/fuzz/target.ts";
import { writeJsonText } from "../../../src/formats/json_text.ts";
import { assertSnapshot } from "../../snapshot.ts";

const corpus = new URL("../../fixtures/fuzz/", import.meta.url);
const namesIn = (folder: URL) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

for (const name of namesIn(corpus)) {
  Deno.test(`corpus: every ${name} is read, or refused in one line, in no time`, async () => {
    const folder = new URL(`${name}/`, corpus);
    const target = await loadTarget(name);
    const files = namesIn(folder).filter((file) => file !== "expected.json");
    assert(files.length > 0);
    const found: Record<string, string> = {};
    for (const file of files) {
      const bytes = await Deno.readFile(new URL(file, folder));
      const { outcome, says } = await runInput(target, { bytes });
      assert(!isFailure(outcome), `${name}/${file}: ${outcome}: ${says}`);
      found[file] = outcome === "read" ? "read" : says;
    }
    await assertSnapshot(writeJsonText(found), `fuzz/${name}/expected.json`);
  });
}

Deno.test("corpus: each of its folders is a target's", () => {
  const targets = targetNames();
  assertEquals(namesIn(corpus).filter((name) => !targets.includes(name)), []);
});
