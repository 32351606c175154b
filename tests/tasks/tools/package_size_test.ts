import { assertEquals } from "@std/assert";
import { join, toFileUrl } from "@std/path";
import { largestPackage, packageProblem } from "../../../tasks/tools/package_size.ts";
import { inFolder } from "../commands.ts";

Deno.test("package size: all files that a dry run lists are counted", () =>
  inFolder(async (folder) => {
    const said = (sizes: readonly number[]) => {
      const lines = sizes.map((bytes, i) => {
        const path = join(folder, `${i}`);
        Deno.writeFileSync(path, new Uint8Array());
        Deno.truncateSync(path, bytes);
        return `   ${toFileUrl(path)} (${bytes / 1000}KB)`;
      });
      return `Check mod.ts\nSimulating publish with files:\n${lines.join("\n")}\nSuccess`;
    };
    assertEquals(await packageProblem(said([largestPackage - 1, 1])), undefined);
    assertEquals(
      await packageProblem(said([largestPackage, 1])),
      "The package has 20000001 bytes, at most 20000000 may be published",
    );
    // Nothing counted is nothing checked.
    assertEquals(
      await packageProblem("Success"),
      "The dry run lists no files: has its form changed?",
    );
  }));
