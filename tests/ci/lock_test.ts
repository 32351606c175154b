/** The lock file pins what comes from npm and says nothing of JSR, nor of what stands in for it. */
import { assertEquals, assertRejects } from "@std/assert";
import { toFileUrl } from "@std/path";
import config from "../../deno.json" with { type: "json" };
import { committedLock, copyLock, withoutJsr, withoutTools } from "../../.ci/lock.ts";
import { inFolder } from "../tasks/commands.ts";

const text = (file: URL) => Deno.readTextFile(file);

Deno.test("lock: what is committed says nothing of JSR and names no server", async () => {
  const committed = await text(committedLock);
  assertEquals(withoutJsr(committed), committed);
  assertEquals(committed.match(/\w+:\/\/\S+/g), null);
});

Deno.test("lock: every package of npm has a checksum", async () => {
  const { npm } = JSON.parse(await text(committedLock)) as {
    npm: Record<string, { integrity?: string }>;
  };
  const bare = Object.entries(npm).filter(([, { integrity }]) => !integrity?.startsWith("sha512-"));
  assertEquals(bare.map(([name]) => name), []);
});

Deno.test("lock: users' verbs do not fetch what only tests and tools import", async () => {
  const { npm, specifiers } = JSON.parse(withoutTools(await text(committedLock), config));
  const all = JSON.parse(await text(committedLock));
  const names = Object.keys(npm).map((id) => id.replace(/(?<=.)@.*$/, ""));
  const tools = ["assemblyscript", "axe-core", "binaryen", "puppeteer-core"];
  assertEquals(names.filter((name) => tools.includes(name)), []);
  for (const [id, entry] of Object.entries<{ dependencies?: string[] }>(npm)) {
    assertEquals(entry, all.npm[id]);
    for (const needed of entry.dependencies ?? []) {
      const found = needed in npm || names.includes(needed);
      assertEquals(found, true, `${id} needs ${needed}`);
    }
  }
  assertEquals("npm:@tensorflow/tfjs@4.22.0" in specifiers, true);
});

Deno.test("lock: the working copy is made new when the committed file changes", () =>
  inFolder(async (folder) => {
    const [committed, working] = ["deno.lock", "working.lock"].map((name) =>
      new URL(name, `${toFileUrl(folder).href}/`)
    ) as [URL, URL];
    for (const version of ["1", "2"]) {
      await Deno.writeTextFile(committed, version);
      await copyLock(committed, working);
      assertEquals(await text(working), version);
    }
    const left = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assertEquals(left, ["deno.lock", "working.lock"]);
  }));

Deno.test("lock: with npm's part alone Deno takes the pinned version and any source of @std", () =>
  inFolder(async (folder) => {
    const base = new URL(`${toFileUrl(folder).href}/`);
    const write = async (path: string, content: string | object) => {
      await Deno.mkdir(new URL(".", new URL(path, base)), { recursive: true });
      await Deno.writeTextFile(
        new URL(path, base),
        typeof content === "string" ? content : JSON.stringify(content),
      );
    };
    // Two sources that differ in version and content, as JSR and the stand-ins for it do.
    for (const [source, version] of [["first", "1.0.1"], ["second", "1.2.0"]]) {
      await write(`${source}/@std/path/meta.json`, {
        scope: "std",
        name: "path",
        versions: { [version!]: {} },
      });
      await write(`${source}/@std/path/${version}_meta.json`, {
        manifest: {},
        exports: { ".": "./mod.ts" },
        note: source,
      });
      await write(`${source}/@std/path/${version}/mod.ts`, `export const from = "${source}";`);
    }
    // Our dependencies ask for two versions of it; without a lock the range gives a third.
    const { npm } = JSON.parse(await text(committedLock)) as { npm: Record<string, unknown> };
    const locked = Object.keys(npm).filter((name) => name.startsWith("commander@")).sort()[0]!;
    const version = locked.split("@")[1]!;
    await write("deno.lock", {
      version: "5",
      specifiers: { "npm:commander@*": version },
      npm: { [locked]: npm[locked] },
    });
    await write("deno.json", {
      imports: { "@std/path": "jsr:@std/path@1", commander: "npm:commander@*" },
      lock: { path: "working.lock" },
    });
    await write(
      "main.ts",
      `import { from } from "@std/path";
       import manifest from "commander/package.json" with { type: "json" };
       console.log(from, manifest.version);`,
    );
    const committed = new URL("deno.lock", base);
    const before = await text(committed);
    for (const source of ["first", "second"]) {
      await copyLock(committed, new URL("working.lock", base));
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-q", "main.ts"],
        cwd: folder,
        env: { JSR_URL: `${base.href}${source}/` },
      }).output();
      const decoder = new TextDecoder();
      assertEquals(code, 0, decoder.decode(stderr));
      assertEquals(decoder.decode(stdout), `${source} ${version}\n`);
    }
    assertEquals(await text(committed), before);
  }));

Deno.test({
  name: "lock: what stands in its place may be a link, which is replaced and not followed",
  ignore: Deno.build.os === "windows", // makes links of files for administrators only
  fn: () =>
    inFolder(async (folder) => {
      const base = new URL(`${toFileUrl(folder).href}/`);
      const [committed, working] = [new URL("deno.lock", base), new URL("working.lock", base)];
      await Deno.writeTextFile(committed, "{}");
      await Deno.writeTextFile(new URL("elsewhere", base), "kept");
      await Deno.symlink(new URL("elsewhere", base), working);
      await copyLock(committed, working);
      assertEquals(await text(new URL("elsewhere", base)), "kept");
      assertEquals([(await Deno.lstat(working)).isSymlink, await text(working)], [false, "{}"]);
    }),
});

Deno.test("lock: where nothing can be written, a copy that pins the same does", () =>
  inFolder(async (folder) => {
    const base = new URL(`${toFileUrl(folder).href}/`);
    const [committed, working] = [new URL("deno.lock", base), new URL("gone/working.lock", base)];
    const lock = { npm: { "a@1.0.0": { integrity: "sha512-x" } } };
    await Deno.writeTextFile(committed, JSON.stringify(lock));
    await assertRejects(() => copyLock(committed, working), Deno.errors.NotFound);
    // Deno has added what it found; the folder takes no new file, as its path is a file's.
    const other = new URL("other.lock", base);
    await Deno.writeTextFile(other, JSON.stringify({ ...lock, jsr: { "@std/path@1": {} } }));
    const child = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["eval", "--no-config", "--no-lock", "--ext=ts"],
        `Deno.writeTextFile = () => Promise.reject(new Deno.errors.PermissionDenied("no"));
         const { copyLock } = await import(${
          JSON.stringify(new URL("../../.ci/lock.ts", import.meta.url).href)
        });
         await copyLock(new URL(Deno.args[0]), new URL(Deno.args[1]));
         await Deno.remove(new URL(Deno.args[1]));
         await copyLock(new URL(Deno.args[0]), new URL(Deno.args[1])).catch(({ name }) => console.log(name));`,
        ...[committed.href, other.href],
      ],
    }).output();
    assertEquals(new TextDecoder().decode(child.stdout), "PermissionDenied\n");
  }));
