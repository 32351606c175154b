import { assertEquals } from "@std/assert";
import { parseArtifacts } from "../../src/runs/artifacts.ts";

Deno.test("artifacts: a list that is none, or leads out of the folder, is not believed", () => {
  const artifact = { path: "a/b.csv", bytes: 4, sha256: "00" };
  assertEquals(parseArtifacts([artifact]), [artifact]);
  assertEquals(parseArtifacts([]), []);
  for (const value of [undefined, null, {}, [null], [{ ...artifact, bytes: "4" }]]) {
    assertEquals(parseArtifacts(value), undefined);
  }
  for (const path of ["../a", "/a", "\\a", "a/../../b", "C:\\a", "..", "a\\..\\b"]) {
    assertEquals(parseArtifacts([artifact, { ...artifact, path }]), undefined, path);
  }
  assertEquals(parseArtifacts([{ ...artifact, path: "a..b" }])?.length, 1);
});
