/** Licenses and checksums of packages: what is accepted, how lists are read, what is noticed. */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { committedLock } from "../../../.ci/lock.ts";
import { CommandError } from "../../../tasks/cli/command.ts";
import { isAllowed, licenseOf, listedLicenses } from "../../../tasks/tools/licenses.ts";
import { parseLockId } from "../../../tasks/tools/npm_cache.ts";
import { finish, inFolder, root } from "../commands.ts";

Deno.test("licenses: of alternatives one has to be accepted, of parts all", () => {
  for (const license of ["MIT", "(MIT OR GPL-3.0)", "Apache-2.0 AND MIT", "(MIT AND Zlib)"]) {
    assert(isAllowed(license), license);
  }
  for (const license of ["GPL-3.0", "MIT AND GPL-3.0", "not stated", "", "SEE LICENSE IN x"]) {
    assert(!isAllowed(license), license);
  }
});

Deno.test("licenses: a package's description is read as it was written through the years", () => {
  assertEquals(licenseOf({ license: "MIT" }), "MIT");
  assertEquals(licenseOf({ license: { type: "ISC" } }), "ISC");
  assertEquals(licenseOf({ licenses: [{ type: "MIT" }, { type: "GPL-2.0" }] }), "MIT OR GPL-2.0");
  assertEquals(licenseOf({}), undefined);
});

Deno.test("licenses: entries of the lock file are packages with versions, peers left out", () => {
  assertEquals(parseLockId("@a/b@1.2.3_@c+d@4.0.0"), { name: "@a/b", version: "1.2.3" });
  assertEquals(parseLockId("b@1.2.3"), { name: "b", version: "1.2.3" });
  assertThrows(() => parseLockId("b"), CommandError, "no package with a version");
});

Deno.test("licenses: the list has every package that is locked, under licenses that are accepted", async () => {
  const { npm } = JSON.parse(await Deno.readTextFile(committedLock)) as { npm: object };
  const listed = listedLicenses(await Deno.readTextFile(join(root, "docs/licenses.md")));
  const locked = Object.keys(npm).map(parseLockId).map(({ name, version }) => `${name}@${version}`);
  assertEquals([...listed.keys()].sort(), [...new Set(locked)].sort());
  assertEquals([...listed.values()].filter((license) => !isAllowed(license)), []);
});

Deno.test("lock: a checksum that was changed is noticed, and the package is named", () =>
  inFolder(async (folder) => {
    // The tool in a clone of what it needs, so that the committed file stays as it is.
    for (const path of [".ci", "tasks/tools"]) {
      await Deno.mkdir(join(folder, path), { recursive: true });
    }
    for (const path of ["src", "data", "tasks/cli"]) {
      await Deno.symlink(join(root, path), join(folder, path), { type: "junction" });
    }
    const tools = ["lock.ts", "npm_cache.ts", "generated_document.ts"];
    for (
      const path of [
        "deno.json",
        ".ci/lock.ts",
        ...tools.map((tool) => `tasks/tools/${tool}`),
      ]
    ) {
      await Deno.copyFile(join(root, path), join(folder, path));
    }
    const lock = await Deno.readTextFile(fromFileUrl(committedLock));
    const changed = lock.replace(
      /("fflate@[^"]+": \{\s+"integrity": "sha512-)(.)/,
      (_, before: string, letter: string) => before + (letter === "A" ? "B" : "A"),
    );
    assert(changed !== lock);
    await Deno.writeTextFile(join(folder, "deno.lock"), changed);
    const { code, err } = await finish(
      new Deno.Command(Deno.execPath(), {
        args: ["run", "-q", "--no-check", "--no-lock", "-A", "tasks/tools/lock.ts", "--check"],
        cwd: folder,
        stdout: "piped",
        stderr: "piped",
      }).spawn(),
    );
    assertEquals(code, 1);
    assertMatch(err, /^lock: Checksums in deno\.lock are not those of the registry: fflate@/);
  }));
