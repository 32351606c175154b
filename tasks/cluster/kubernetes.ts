/** Kubernetes: an Indexed Job that does the shards, and a Job that merges, as manifests. */
import { stringify } from "yaml";
import { CommandError } from "../cli/command.ts";
import type { JobPlan } from "./job_plan.ts";
import { timeSeconds } from "./resources.ts";
import { shellLine } from "./shell_word.ts";
import { mergeWords, shardWords } from "./shard_words.ts";
import type { NamedPath } from "./shard_command.ts";

/** Names of the manifests in the folder of a job. */
export const kubernetesFiles = { shards: "job.yaml", merge: "merge.yaml" } as const;

/** Where the toolkit lies in the container, and who it runs as. */
export const container = { directory: "/toolkit", user: 10001 } as const;

/** Folders of the shared volume, and where the container sees them. */
export const sharedFolders = { runs: "runs", downloads: "data/downloads" } as const;

/** What a manifest says beside the plan. */
export interface KubernetesOptions {
  /** Image of the container. */
  readonly image: string;
  /** PersistentVolumeClaim of the shared volume. */
  readonly claim: string;
  readonly namespace?: string | undefined;
  /** Name of the job in the cluster. */
  readonly name: string;
  /** Name of the attempt before. */
  readonly before?: string | undefined;
  /** Folder of the job, relative to the toolkit's. */
  readonly folder: string;
  /** Shards that are to be done. */
  readonly missing: readonly number[];
}

/** A Job as `kubectl apply` takes it. */
export type JobManifest = Readonly<Record<string, unknown>>;

/**
 * Checks that what a command names can be seen in the container.
 *
 * @param paths Paths of the command, as they are on its command line.
 * @throws CommandError for a path of this machine.
 */
export function checkSharedPaths(paths: readonly NamedPath[]): void {
  for (const { flag, path: value } of paths) {
    // A list, as of networks for rows: ROW=RUN,..
    const named = value.split(",").map((part) => part.slice(part.indexOf("=") + 1));
    for (const path of named) checkSharedPath(flag, path);
  }
}

function checkSharedPath(flag: string, path: string): void {
  const folders = Object.values(sharedFolders);
  // Runs and networks of the zoo have names; the folder of the runs is one in any case.
  const isPath = flag === "out" || (/[\\/]/.test(path) && !path.startsWith("zoo:"));
  const isShared = folders.some((folder) => path === folder || path.startsWith(`${folder}/`));
  if (!isPath || (isShared && !path.split("/").includes(".."))) return;
  throw new CommandError(
    `Cannot submit to Kubernetes: --${flag} is ${path}, a path of this machine; put it on the volume ` +
      `and name it as the container sees it, in ${folders.join(" or ")}`,
  );
}

/** A name that Kubernetes takes: lower case, digits and dashes. */
export function kubernetesName(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9-]+/g, "-").slice(0, 50).replace(/-+$/, "");
}

/** Resources of a container: what it asks for is what it gets. */
function resourcesOf({ resources }: JobPlan): JobManifest {
  const { cpus = 1, memory = "2G", gpus } = resources;
  // Slurm's K, M, G and T are of 1024.
  const size = memory.replace(/([KMGT])$/, "$1i");
  const device = gpus === undefined ? {} : { "nvidia.com/gpu": gpus };
  return {
    requests: { cpu: cpus, memory: size },
    limits: { cpu: cpus, memory: size, ...device },
  };
}

interface PodOptions extends Pick<KubernetesOptions, "image" | "claim"> {
  readonly container: string;
  readonly script: string;
}

/** The pod that runs a line of shell beside the shared volume. */
function podTemplate(plan: JobPlan, { image, claim, container: name, script }: PodOptions) {
  const { time, setup } = plan.resources;
  const lines = [...setup === undefined ? [] : ["{", setup, "} || exit"], script];
  return {
    metadata: { labels: { "app.kubernetes.io/name": "els-toolkit" } },
    spec: {
      restartPolicy: "Never",
      // A pod that is asked to stop saves before.
      terminationGracePeriodSeconds: 120,
      ...time !== undefined && { activeDeadlineSeconds: timeSeconds(time) },
      automountServiceAccountToken: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: container.user,
        runAsGroup: container.user,
        fsGroup: container.user,
        fsGroupChangePolicy: "OnRootMismatch",
        seccompProfile: { type: "RuntimeDefault" },
      },
      containers: [{
        name,
        image,
        workingDir: container.directory,
        command: ["/bin/sh", "-c"],
        args: [`${lines.join("\n")}\n`],
        resources: resourcesOf(plan),
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
        volumeMounts: [
          ["runs", sharedFolders.runs, false] as const,
          ["downloads", sharedFolders.downloads, true] as const,
        ].map(([subPath, folder, readOnly]) => ({
          ...{ name: "shared", mountPath: `${container.directory}/${folder}`, subPath },
          ...readOnly && { readOnly },
        })),
      }],
      volumes: [{ name: "shared", persistentVolumeClaim: { claimName: claim } }],
    },
  };
}

function metadata({ name, namespace }: Pick<KubernetesOptions, "name" | "namespace">) {
  return {
    name,
    ...namespace !== undefined && { namespace },
    labels: { "app.kubernetes.io/name": "els-toolkit" },
  };
}

/** The line that does the shard of a pod, whose number among those that are to be done it is given. */
function shardLine(plan: JobPlan, { folder, missing }: KubernetesOptions): string {
  const words = shellLine(["deno", "task", "-q", ...plan.command]);
  const all = missing.length === plan.shards;
  return [
    // Of a job that repeats what failed, the pods' numbers are not those of the shards.
    ...all
      ? ["shard=$((JOB_COMPLETION_INDEX + 1))"]
      : [`set -- ${missing.join(" ")}`, 'shift "$JOB_COMPLETION_INDEX"', "shard=$1"],
    `exec ${words} ${shardWords(plan, folder)}`,
  ].join("\n");
}

/** The Indexed Job: a pod for each shard that is to be done. */
export function shardsJob(plan: JobPlan, options: KubernetesOptions): JobManifest {
  const { missing } = options;
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: metadata(options),
    spec: {
      completionMode: "Indexed",
      completions: missing.length,
      parallelism: Math.min(missing.length, plan.resources.limit ?? missing.length),
      // A shard that fails is tried twice more, whatever becomes of the others.
      backoffLimitPerIndex: 2,
      podFailurePolicy: {
        // A node that is drained is no fault of the shard's.
        rules: [{
          action: "Ignore",
          onPodConditions: [{ type: "DisruptionTarget", status: "True" }],
        }],
      },
      template: podTemplate(plan, {
        ...options,
        container: "shard",
        script: shardLine(plan, options),
      }),
    },
  };
}

/** The Job that merges, to be applied when the other is complete. */
export function mergeJob(plan: JobPlan, options: KubernetesOptions): JobManifest {
  const words = ["deno", "task", "-q", ...mergeWords(plan, options.folder)];
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: metadata({ ...options, name: `${options.name}-merge` }),
    spec: {
      backoffLimit: 2,
      template: podTemplate(plan, {
        ...options,
        container: "merge",
        script: `exec ${shellLine(words)}`,
      }),
    },
  };
}

/** A manifest as YAML; lines of shell stay lines. */
export function manifestText(manifest: JobManifest): string {
  return stringify(manifest, { lineWidth: 0 });
}

/** What is run by hand, in this order. */
export function kubernetesLines(
  { name, before, namespace, image }: KubernetesOptions,
  { files, containerfile }: {
    readonly files: Readonly<Record<keyof typeof kubernetesFiles, string>>;
    readonly containerfile: string;
  },
): string[] {
  const kubectl = ["kubectl", ...namespace === undefined ? [] : ["--namespace", namespace]];
  return [
    shellLine(["docker", "build", "--file", containerfile, "--tag", image, "."]),
    shellLine(["docker", "push", image]),
    ...before === undefined
      ? []
      : [shellLine([...kubectl, "delete", "--ignore-not-found", `job/${before}`])],
    shellLine([...kubectl, "apply", "--filename", files.shards]),
    shellLine([...kubectl, "wait", "--for=condition=Complete", "--timeout=168h", `job/${name}`]),
    shellLine([...kubectl, "apply", "--filename", files.merge]),
  ];
}
