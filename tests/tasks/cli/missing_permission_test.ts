/** What a command says where Deno does not permit what it needs. */
import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { missingPermission } from "../../../tasks/cli/missing_permission.ts";
import { finish, inFolder, root } from "../commands.ts";

/** Runs the one entry point with no permissions but those given. */
const main = (permissions: readonly string[], ...args: string[]) =>
  finish(
    new Deno.Command(Deno.execPath(), {
      args: ["run", "-q", "--no-check", "--no-prompt", ...permissions]
        .concat(join(root, "tasks/main.ts"), args),
      cwd: root,
      stdout: "piped",
      stderr: "piped",
    }).spawn(),
  );

Deno.test("missing permission: the one entry point names the flag of Deno, in one line", async () => {
  assertEquals((await main([])).code, 0);
  await inFolder(async (folder) => {
    for (
      const [permissions, args, expected] of [
        [[], ["runs", "--out", folder], /^runs: Cannot read .*start it with --allow-read=.*\n$/],
        [
          ["-R"],
          ["sample", "--out", join(folder, "runs"), "--backend", "cpu", "--steps", "1"],
          /^sample: Cannot write .*start it with --allow-write=.*\n$/,
        ],
        [
          ["-R", "-W"],
          ["data", "cifar10", "--into", folder],
          /^data: Cannot reach www\.cs\.toronto\.edu.*start it with --allow-net=.*\n$/,
        ],
      ] as const
    ) {
      const { code, err } = await main(permissions, ...args);
      assertEquals(code, 1);
      // The driver of a GPU may complain that it has no folder of its own.
      assertMatch(err.replaceAll(/^error: XDG_RUNTIME_DIR.*\n/gm, ""), expected);
    }
  });
});

Deno.test("missing permission: a task says which flag of its own would name it", () => {
  for (const [kind, what] of [["write", "/a"], ["read", "/a"], ["net", "a:1"], ["env", "A"]]) {
    const line = missingPermission(kind!, what);
    assertMatch(line, /^Cannot /);
    assertEquals(line.includes("--allow-"), false, line);
  }
  assertMatch(missingPermission("read", "/a"), /such as --from or --run$/);
});
