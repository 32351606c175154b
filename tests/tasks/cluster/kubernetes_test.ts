/** The manifests for Kubernetes, held against its API's fields and rules, and what their pods run. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { Ajv } from "ajv";
import { parse } from "yaml";
import schema from "../../fixtures/kubernetes_job.schema.json" with { type: "json" };
import {
  containerFileText,
  imageDeno,
  imageSources,
} from "../../../tasks/cluster/containerfile.ts";
import {
  checkSharedPaths,
  container,
  kubernetesName,
  type KubernetesOptions,
  manifestText,
  mergeJob,
  shardsJob,
} from "../../../tasks/cluster/kubernetes.ts";
import { planOf } from "./plans.ts";

const root = fromFileUrl(new URL("../../..", import.meta.url));
const validate = new Ajv({ strict: true, strictRequired: false, strictTypes: false }).compile(
  schema,
);

const options: KubernetesOptions = {
  ...{ image: "registry.example/els:1", claim: "shared", namespace: "lab" },
  ...{ name: "els-sample-1234abcd", folder: "runs/jobs/sample-1234abcd", missing: [1, 2, 3, 4] },
};

const plan = planOf({
  engine: "kubernetes",
  command: ["sample", "--run", "runs/it's here", "--samples", "8"],
  resources: { limit: 2, cpus: 4, memory: "4G", time: "2:00:00", gpus: 1, setup: "umask 027" },
});

/** What a reader of the YAML gets. */
// deno-lint-ignore no-explicit-any
const readBack = (text: string): any => parse(text, { version: "1.1" });

Deno.test("kubernetes: both manifests hold the API's fields by its rules, as YAML 1.1 reads them", () => {
  for (
    const manifest of [
      shardsJob(plan, options),
      mergeJob(plan, options),
      shardsJob(planOf(), { ...options, namespace: undefined, missing: [2, 4] }),
    ]
  ) {
    const text = manifestText(manifest);
    const found = readBack(text);
    assertEquals(found, manifest, text);
    assert(validate(found), JSON.stringify(validate.errors));
  }
});

Deno.test("kubernetes: the schema of the test refuses what the API would", () => {
  const broken = (change: (job: ReturnType<typeof readBack>) => void) => {
    const job = readBack(manifestText(shardsJob(plan, options)));
    change(job);
    return validate(job);
  };
  assert(!broken((job) => job.spec.completionMod = "Indexed"), "a misspelled field");
  assert(!broken((job) => delete job.spec.completions), "an Indexed Job without completions");
  assert(
    !broken((job) => job.spec.completionMode = "NonIndexed"),
    "limits of an index without one",
  );
  assert(!broken((job) => job.spec.template.spec.restartPolicy = "OnFailure"), "restarted pods");
  assert(!broken((job) => job.metadata.name = "Not_a_name"), "a name with capitals");
  assert(!broken((job) => job.spec.template.spec.containers[0].resources.limits.memory = "4 GB"));
});

Deno.test("kubernetes: resources, limits and the shared volume are where they belong", () => {
  const { spec, metadata } = readBack(manifestText(shardsJob(plan, options)));
  assertEquals([metadata.name, metadata.namespace], [options.name, "lab"]);
  assertEquals([spec.completions, spec.parallelism, spec.backoffLimitPerIndex], [4, 2, 2]);
  const pod = spec.template.spec;
  assertEquals(pod.activeDeadlineSeconds, 7200);
  assertEquals(pod.containers[0].resources.limits, {
    ...{ cpu: 4, memory: "4Gi", "nvidia.com/gpu": 1 },
  });
  assertEquals(pod.volumes[0].persistentVolumeClaim.claimName, "shared");
  assertEquals(
    pod.containers[0].volumeMounts.map((mount: Record<string, unknown>) => mount["mountPath"]),
    [`${container.directory}/runs`, `${container.directory}/data/downloads`],
  );
});

Deno.test("kubernetes: each pod runs its own shard, also of those that were missing", {
  ignore: Deno.build.os === "windows",
}, async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(folder, "deno"), `#!/bin/sh\nprintf '<%s>' "$@"\n`, {
      mode: 0o755,
    });
    const runs = async (missing: number[], index: number) => {
      const job = readBack(manifestText(shardsJob(plan, { ...options, missing })));
      const { command, args } = job.spec.template.spec.containers[0];
      // The name is what tests may start.
      assertEquals(command[0], "/bin/sh");
      const { stdout, success } = await new Deno.Command("sh", {
        args: [...command.slice(1), ...args],
        env: {
          PATH: `${folder}:${Deno.env.get("PATH")}`,
          JOB_COMPLETION_INDEX: String(index),
        },
      }).output();
      assert(success);
      return new TextDecoder().decode(stdout);
    };
    const words = "<task><-q><sample><--run><runs/it's here><--samples><8>";
    assertStringIncludes(await runs([1, 2, 3, 4], 0), `${words}<--shard><1/4>`);
    assertStringIncludes(await runs([1, 2, 3, 4], 3), `${words}<--shard><4/4>`);
    assertStringIncludes(await runs([2, 4], 1), `${words}<--shard><4/4>`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("kubernetes: paths of this machine are refused, those of the volume and the zoo are not", () => {
  checkSharedPaths([
    { flag: "run", path: "zoo:mnist-resnet-zeros" },
    { flag: "run", path: "00002-train-mnist" },
    { flag: "run", path: "runs/00002-train-mnist" },
    { flag: "from", path: "data/downloads/cifar10/train.bin" },
  ]);
  for (const path of ["/data/cifar10", "../x", "runs/../../x", "data/own/x.bin"]) {
    assertThrows(() => checkSharedPaths([{ flag: "from", path }]), Error, "--from is");
  }
  assertEquals(kubernetesName("els-Sample_x-12"), "els-sample-x-12");
});

Deno.test("container: Deno of the tested version, files that there are, and a user who is not root", async () => {
  const text = containerFileText();
  const lines = text.split("\n");
  assert(text.includes(`denoland/deno:debian-${imageDeno}`));
  assertStringIncludes(await Deno.readTextFile(join(root, ".ci/run")), `deno@${imageDeno}`);
  for (const path of imageSources.flat()) await Deno.stat(join(root, path));
  const copied = lines.filter((line) => line.startsWith("COPY "))
    .flatMap((line) => line.split(" ").slice(1, -1));
  for (const path of copied) await Deno.stat(join(root, path));
  assertEquals(lines.filter((line) => line.startsWith("USER ")), ["USER 10001:10001"]);
  assert(lines.indexOf("USER 10001:10001") > lines.findIndex((line) => line.startsWith("RUN ")));
});
