/**
 * What each verb for users may touch. `deno task std` starts a verb with these permissions of Deno and no
 * others; a test holds the table against the flags that the verbs declare, and docs/security.md shows it.
 */

/** What a verb's command line names, and what else it needs. Flags are named without dashes before them. */
export interface VerbPermissions {
  /** Flags whose value is a file or folder to read, or a list of such as NAME=PATH. */
  readonly reads?: readonly string[];
  /** Flags whose value is a folder to write in, with what is written in without the flag. */
  readonly folders?: Readonly<Record<string, string>>;
  /** Flags whose value is a file to write, with what is written without the flag. */
  readonly files?: Readonly<Record<string, string>>;
  /** Files beside such a file: what takes the place of `.md` at the end of its name. */
  readonly beside?: readonly string[];
  /** Words without dashes, in their order, that are paths. */
  readonly words?: readonly ("read" | "write" | "other")[];
  /** Whether there may be any number of words like the last. */
  readonly moreWords?: true;
  /** Flags without a value, which the words have to be told from. */
  readonly switches?: readonly string[];
  /** Hosts that it may reach, by the first word of the command line. */
  readonly hosts?: Readonly<Record<string, readonly string[]>>;
  /** Flag whose value is an address of another host to reach instead. */
  readonly mirror?: string;
  /** Switch that lets it serve pages on this machine. */
  readonly serves?: string;
  /** Programs that it may start. */
  readonly programs?: readonly string[];
  /** Whether it computes: on a GPU, whose search is set by variables, and within this machine's memory. */
  readonly computes?: true;
  /** Whether its work can be split: it may ask the batch system which share is its own. */
  readonly splits?: true;
}

const runsFolder = { out: "runs" } as const;
/** Of commands whose work can be split. */
const splitFolders = { ...runsFolder, "shard-folder": "runs" } as const;
/** Flags of where the data sets of the published table lie. */
const places = ["mnist-from", "fashion-mnist-from", "cifar10-from", "celeba-from"] as const;
/** What stands beside the document of the studies: a figure and a table each. */
const studyFiles = ["objective", "objective-errors", "steps", "width", "images", "sampler"]
  .flatMap((name) => [`-${name}.svg`, `-${name}.csv`]);

/** The table, by verb. */
export const verbPermissions: Readonly<Record<string, VerbPermissions>> = {
  "quickstart": { folders: runsFolder, computes: true },
  "train": { reads: ["from"], folders: runsFolder, computes: true },
  "calibrate": {
    reads: ["run", "from", "held-out-from"],
    folders: splitFolders,
    computes: true,
    splits: true,
  },
  "evaluate": {
    reads: ["run", "schedule", "scales", "from"],
    folders: splitFolders,
    computes: true,
    splits: true,
  },
  "compare": {
    reads: ["run", "schedule", "scales", "from"],
    folders: splitFolders,
    computes: true,
    splits: true,
  },
  "sample": {
    reads: ["run", "schedule", "scales", "from"],
    folders: { ...splitFolders, meet: "runs/meet" },
    computes: true,
    splits: true,
  },
  "posterior": { reads: ["run", "from"], folders: splitFolders, computes: true, splits: true },
  "film": {
    reads: ["run", "schedule", "scales", "from"],
    folders: runsFolder,
    // Where WebM is asked for.
    programs: ["ffmpeg"],
    computes: true,
  },
  "mosaic": {
    reads: ["run", "schedule", "scales", "from", "held-out-from"],
    folders: runsFolder,
    computes: true,
  },
  "quality": {
    reads: ["run", "schedule", "scales", "from", "classifier", "inception", "held-out-from"],
    folders: splitFolders,
    computes: true,
    splits: true,
  },
  "merge": {
    words: ["read"],
    moreWords: true,
    switches: ["quiet", "json", "help", "version"],
    reads: ["run", "schedule", "scales", "from", "classifier", "inception", "held-out-from"],
    folders: runsFolder,
    computes: true,
  },
  "runs": { folders: runsFolder, programs: ["xdg-open", "wslview", "open", "rundll32"] },
  "explore": {
    reads: ["run", "schedule", "scales", "from"],
    folders: runsFolder,
    serves: "serve",
    programs: ["xdg-open", "wslview", "open", "rundll32"],
    computes: true,
  },
  "receptive-field": { reads: ["run", "schedule"], folders: runsFolder, computes: true },
  "stable-target": { reads: ["from"], folders: runsFolder, computes: true },
  "target-study": {
    reads: ["from"],
    folders: { runs: "runs/target-study" },
    files: { out: "docs/stable-target-study.md" },
    beside: ["-frechet.svg", "-frechet.csv"],
    computes: true,
  },
  "reproduce": {
    reads: ["weights", ...places],
    folders: { "runs": "runs/reproduce", "shard-folder": "runs/reproduce" },
    files: { out: "docs/results.md" },
    beside: [
      ...["-mnist.png", "-fashion-mnist.png", "-cifar10.png", "-celeba.png"],
      ...["-all-scales.svg", "-scales.svg"],
    ],
    computes: true,
    splits: true,
  },
  "study": {
    reads: places,
    folders: { runs: "runs/reproduce" },
    files: { out: "docs/studies.md" },
    beside: studyFiles,
    computes: true,
  },
  "windows": {
    reads: places,
    folders: { runs: "runs/reproduce" },
    files: { out: "docs/windows.md" },
    beside: [".csv", ".svg"],
    computes: true,
  },
  "submit": {
    folders: { job: "runs/jobs", logs: "runs/jobs" },
    programs: ["sbatch", "squeue", "scancel"],
  },
  "status": {
    words: ["read"],
    switches: ["quiet", "json", "help", "version"],
    programs: ["squeue"],
  },
  "data": {
    reads: ["from"],
    folders: { into: "data/downloads" },
    hosts: {
      "fashion-mnist": ["raw.githubusercontent.com"],
      "cifar10": ["www.cs.toronto.edu"],
      "cifar100": ["www.cs.toronto.edu"],
      "cifar100-coarse": ["www.cs.toronto.edu"],
    },
    mirror: "mirror",
  },
  "zoo": {},
  "convert": {
    reads: ["run"],
    words: ["read", "write"],
    switches: ["half", "force", "quiet", "json", "help", "version"],
  },
  "completions": {},
};

/** Variables of the environment that every verb may read. */
export const commonVariables: readonly string[] = [
  "ELS_DEBUG",
  // What the launcher tells.
  ...["ELS_LAUNCHER", "ELS_HANGUP", "ELS_MEMORY_LIMIT"],
];

/** Variables that a verb which computes may read and set, before Deno looks for a GPU. */
export const gpuVariables: readonly string[] = ["DENO_WEBGPU_BACKEND", "XDG_RUNTIME_DIR"];

/** Variables by which a batch system says which share of the work is whose: `pipelines/shard_flag.ts` reads them. */
export const shardVariables: readonly string[] = [
  ...["SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_MIN"],
  ...["SLURM_ARRAY_TASK_MAX", "SLURM_ARRAY_TASK_STEP"],
  ...["JOB_COMPLETION_INDEX", "JOB_COMPLETIONS"],
];

/** Where Debian puts a data set, which may be read beside the package and what the command line names. */
export const dataFolders: readonly string[] = ["/usr/share/datasets/fashion-mnist"];

/** What is written for the package itself: no verb for users writes there, whatever is asked for. */
export const sourceNames: readonly string[] = [
  ...[".ci", ".git", ".github", "benchmarks", "docs", "node_modules", "src", "tasks", "tests"],
  ...[".editorconfig", ".gitattributes", ".gitignore", "CHANGELOG.md", "CITATION.cff"],
  ...["CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md"],
  ...["deno.json", "deno.lock", "mod.ts"],
];
