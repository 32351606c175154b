/** What one command line permits: as little as its verb needs, and the source never. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join, resolve } from "@std/path";
import { grantsFor, type GrantWorld, readPaths, temporaryBeside } from "../../.ci/grants.ts";
import { verbPermissions } from "../../.ci/permissions.ts";
import { temporaryBeside as writtenBeside } from "../../tasks/pipelines/write_output.ts";
import { studyFiles } from "../../tasks/reproduce/write_studies.ts";
import { finish, inFolder, root } from "../tasks/commands.ts";

const clone = resolve("/clone");
const links: Readonly<Record<string, string>> = {
  [join(clone, "elsewhere")]: join(clone, "src"),
};
const world: GrantWorld = {
  root: clone,
  cwd: clone,
  npmCache: resolve("/cache/npm"),
  rememberedPlaces: (runs) =>
    Promise.resolve(runs === join(clone, "runs") ? [resolve("/pictures")] : []),
  zooHosts: () => Promise.resolve([]),
  realPath: (path) => Promise.resolve(links[path] ?? path),
  exists: (path) => Promise.resolve(!path.includes("new")),
};

/** The values of the flags of Deno for a command line. */
async function granted(verb: string, line: string): Promise<Record<string, string[]>> {
  const grants = await grantsFor(verbPermissions[verb]!, line.split(" ").filter(Boolean), world);
  if ("refusal" in grants) throw new Error(grants.refusal);
  return Object.fromEntries(grants.flags.map((flag) => {
    const [, name, value] = /^--(?:allow-)?([a-z-]+)=(.*)$/.exec(flag)!;
    return [name, value!.split(",")];
  }));
}

async function refusal(verb: string, line: string): Promise<string> {
  const grants = await grantsFor(verbPermissions[verb]!, line.split(" "), world);
  assert("refusal" in grants, `${verb} ${line} is not refused`);
  assert(!grants.refusal.includes("\n"));
  return grants.refusal;
}

Deno.test("grants: without flags a verb reads clone, packages and data sets, and writes its runs", async () => {
  const { read, write, "deny-write": denied, ...rest } = await granted("train", "--steps 20");
  assertEquals(read, [clone, resolve("/cache/npm"), "/usr/share/datasets/fashion-mnist"]);
  assertEquals(write, [join(clone, "runs")]);
  for (const name of ["src", "tasks", ".ci", "data", "deno.json", "mod.ts", "docs"]) {
    assert(denied!.includes(join(clone, name)), name);
  }
  assertEquals(Object.keys(rest), ["env", "sys"]);
});

Deno.test("grants: what the flags name may be read or written, whichever way they are given", async () => {
  const train = await granted("train", "--from=/pictures --out /results --quiet");
  assert(train["read"]!.includes(resolve("/pictures")) && train["read"]!.includes("/results"));
  assertEquals(train["write"], [resolve("/results")]);
  const evaluate = await granted("evaluate", "--schedule /a/1.json,/b/2.json --run latest");
  for (const path of ["/a/1.json", "/b/2.json"]) {
    assert(evaluate["read"]!.includes(resolve(path)));
  }
  // A run's list of what its files have to hold.
  assert(evaluate["read"]!.includes(resolve("/a/finished.json")));
  const reproduce = await granted("reproduce", "--weights mnist-unet-zeros=/w.safetensors");
  assert(reproduce["read"]!.includes(resolve("/w.safetensors")));
});

Deno.test("grants: images that a run here was trained on may be read again", async () => {
  assert((await granted("calibrate", "--run latest"))["read"]!.includes(resolve("/pictures")));
  assert(!(await granted("calibrate", "--out /results"))["read"]!.includes(resolve("/pictures")));
  assert(!(await granted("data", "cifar10"))["read"]!.includes(resolve("/pictures")));
});

Deno.test("grants: what the zoo has elsewhere may be fetched and kept by commands that take it", async () => {
  const line = (verb: string, words: string, hosts: readonly string[]) =>
    grantsFor(verbPermissions[verb]!, words.split(" ").filter(Boolean), {
      ...world,
      zooHosts: () => Promise.resolve(hosts),
    }).then((grants) => "flags" in grants ? grants.flags.join(" ") : grants.refusal);
  const kept = join(clone, "data", "downloads", "zoo");
  for (
    const [verb, words, takes] of [
      ["calibrate", "--run zoo:a", true],
      // What is taken without being named ships.
      ["evaluate", "", false],
      ["evaluate", "--run latest --schedule zoo:a", true],
      ["evaluate", "--run latest", false],
      ["convert", "zoo:a /place/out.pt", true],
      ["reproduce", "", true],
      ["train", "", false],
    ] as const
  ) {
    const flags = await line(verb, words, ["zoo.example"]);
    assertEquals(flags.includes("--allow-net=zoo.example"), takes, `${verb} ${words}`);
    assertEquals(flags.includes(kept), takes, `${verb} ${words}`);
    assert(!(await line(verb, words, [])).includes("--allow-net"), `${verb} ${words}`);
    // It is no path.
    assert(!/=[^ ]*zoo:a/.test(flags), flags);
  }
});

Deno.test("grants: merge reads all shards that it is given, and what else its flags name", async () => {
  const { read, write } = await granted("merge", "/s/1 /s/2 /t/3 --from /pictures --json /t/4");
  for (const path of ["/s/1", "/s/2", "/t/3", "/t/4", "/pictures"]) {
    assert(read!.includes(resolve(path)), path);
  }
  assertEquals(write, [join(clone, "runs")]);
  // Other commands have no more words than they say.
  const convert = await granted("convert", "in.pt /place/out.pt /other/place");
  assert(!convert["read"]!.some((path) => path.includes("other")));
});

Deno.test("grants: convert writes its output alone, told from the values of flags", async () => {
  const line = "--half --padding zeros in.pt --run /other/net.safetensors /place/out.safetensors";
  const { read, write } = await granted("convert", line);
  assertEquals(
    write,
    ["/place/out.safetensors", "/place/.out.safetensors.tmp"].map((p) => resolve(p)),
  );
  assert(read!.includes(resolve("/other/net.safetensors")) && !read!.includes(resolve("/place")));
  assertEquals(readPaths(["a", "--", "--b"]).words, ["a", "--b"]);
  assertEquals(temporaryBeside("/place/x.pt"), writtenBeside("/place/x.pt"));
});

Deno.test("grants: reproduce writes its document and pictures, and nothing beside them", async () => {
  const { write, "deny-write": denied } = await granted("reproduce", "");
  for (const path of write!) {
    assertMatch(path, /results(-[a-z0-9-]+\.(png|svg)|\.md)(\.tmp)?$|reproduce$/);
  }
  assert(denied!.includes(join(clone, "src")) && !denied!.includes(join(clone, "docs")));
  const elsewhere = await granted("reproduce", "--out /new/place/table.md --runs /runs");
  assert(elsewhere["write"]!.includes(resolve("/new")));
  assert(elsewhere["deny-write"]!.includes(join(clone, "docs")));
});

Deno.test("grants: study writes its document and every file beside it, and nothing else", async () => {
  const { write } = await granted("study", "steps");
  for (const path of write!) assertMatch(path, /studies(-[a-z-]+\.(svg|csv)|\.md)|reproduce$/);
  for (const ending of studyFiles) {
    assert(write!.includes(join(clone, `docs/studies${ending}`)), ending);
  }
});

Deno.test("grants: data reaches the hosts of the set, or the mirror that is named", async () => {
  assertEquals((await granted("data", ""))["net"], undefined);
  assertEquals((await granted("data", "mnist"))["net"], undefined);
  assertEquals((await granted("data", "cifar10"))["net"], ["www.cs.toronto.edu"]);
  const mirrored = (address: string) => granted("data", `cifar10 --mirror ${address}`);
  assertEquals((await mirrored("https://mirror.example/x"))["net"], ["mirror.example:443"]);
  assertEquals((await mirrored("http://127.0.0.1:8080/x"))["net"], ["127.0.0.1:8080"]);
  assertEquals((await mirrored("nonsense"))["net"], undefined);
  for (
    const { name, ...verb } of Object.entries(verbPermissions).map(([name, v]) => ({ name, ...v }))
  ) {
    if (name !== "data") assertEquals(verb.hosts, undefined);
  }
});

Deno.test("grants: an output in the source is refused, through links and dots too", async () => {
  for (
    const [verb, line] of [
      ["train", "--out src"],
      ["train", "--out=runs/../tasks/x"],
      ["train", "--out elsewhere"],
      ["sample", "--out data"],
      ["convert", "in.pt src/core/hash.ts"],
      ["convert", "in.pt deno.json"],
      ["convert", "in.pt data/zoo/mnist-resnet-zeros/weights.safetensors"],
      ["data", "cifar10 --into .git"],
      ["reproduce", "--out docs/theory.md"],
      ["reproduce", "--runs docs/examples"],
    ] as const
  ) {
    assertMatch(await refusal(verb, line), /^Cannot write .*part of the toolkit itself; choose/);
  }
  assertMatch(await refusal("train", "--out /a,b"), /comma/);
  // Above a comma the folder has to do.
  assert((await granted("train", "--out /results/a,b"))["write"]!.includes(resolve("/results")));
});

/** Runs a command through the launcher, as `deno task` does. */
function std(...args: string[]) {
  return finish(
    new Deno.Command(Deno.execPath(), {
      args: ["run", "-q", "--no-config", "--no-prompt", "-R", "-W", "--allow-run", "--allow-env"]
        .concat(join(root, ".ci/std.ts"), ["deno", "run", "-q", "--no-check", "--no-prompt"], args),
      cwd: root,
      stdout: "piped",
      stderr: "piped",
    }).spawn(),
  );
}

Deno.test("grants: a command that would write into the source ends with one line, and writes nothing", async () => {
  const weights = "data/zoo/mnist-resnet-zeros/weights.safetensors";
  const target = join(root, "src/core/written.safetensors");
  const named = await std("tasks/convert.ts", weights, target);
  assertEquals([named.code, named.out], [1, ""]);
  assertMatch(named.err, /^convert: Cannot write .*part of the toolkit itself; choose .*\n$/);
  await inFolder(async (folder) => {
    const output = join(folder, "w.safetensors");
    const { code, err } = await std("tasks/convert.ts", weights, output);
    assertEquals(code, 0, err);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["w.safetensors"]);
  });
  assertEquals(await Deno.stat(target).then(() => true, () => false), false);
});

Deno.test("grants: documents are written where there is a folder, and where there is none", async () => {
  await inFolder(async (folder) => {
    for (const verb of ["study", "reproduce"]) {
      for (const place of [folder, join(folder, "new", verb)]) {
        const out = join(place, `${verb}.md`);
        const line = ["--write-only", "--out", out, "--runs", join(folder, "runs")];
        const { code, err } = await std(`tasks/${verb}.ts`, ...line);
        assertEquals(code, 0, err);
        assert((await Deno.stat(out)).isFile);
      }
    }
  });
});

Deno.test("grants: what is permitted to data reaches the set's host or the mirror, and no other", async () => {
  const serve = () =>
    Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => new Response("here"));
  const [mirror, other] = [serve(), serve()];
  const address = (server: typeof mirror) => `http://127.0.0.1:${server.addr.port}`;
  try {
    await inFolder(async (folder) => {
      const program = join(folder, "program.ts");
      await Deno.writeTextFile(
        program,
        `for (const url of Deno.args) {
          console.log(await fetch(url).then((answer) => answer.text(), (error) => error.name));
        }`,
      );
      const args = ["cifar10", "--mirror", address(mirror)];
      const grants = await grantsFor(verbPermissions["data"]!, args, world);
      assert("flags" in grants);
      const { out, err } = await finish(
        new Deno.Command(Deno.execPath(), {
          args: ["run", "-q", "--no-prompt", "--no-config", ...grants.flags, program]
            .concat(address(mirror), address(other), "https://www.cs.toronto.edu/"),
          stdout: "piped",
          stderr: "piped",
        }).spawn(),
      );
      assertEquals(out, "here\nNotCapable\nNotCapable\n", err);
    });
  } finally {
    for (const server of [mirror, other]) await server.shutdown();
  }
});
