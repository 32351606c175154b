/**
 * What a run on a GPU box found: put together from the parts that its steps left, and judged against the
 * targets.
 *
 * @module
 */
import type { AgreementRow } from "../../../src/evaluation/agreement_table.ts";

/** One command of a stage. */
export interface Step {
  readonly stage: string;
  readonly name: string;
  /** `ok`, `time ran out`, `not begun`, `interrupted`, `killed`, `running` or `failed, code N`. */
  readonly outcome: string;
  readonly seconds: number;
}

/** What `benchmarks/webgpu_posterior.ts` writes. */
export interface PosteriorPart {
  readonly float32PerSecond: number;
  readonly peer?: { readonly device: string; readonly torch: string } | { readonly reason: string };
  readonly rates?: readonly {
    readonly machine: string;
    readonly channels: number;
    readonly k: number;
    readonly images: number;
    readonly pairsPerSecond: number;
    readonly shareOfFloat32Rate: number;
    readonly peerPairsPerSecond?: number;
  }[];
  readonly samples?: readonly {
    readonly images: string;
    readonly number: number;
    readonly first: number;
    readonly again: number;
  }[];
}

/** What `benchmarks/training.ts` prints. */
export interface TrainingPart {
  readonly architecture: string;
  readonly batch: number;
  readonly results: readonly {
    readonly width: number;
    readonly seconds: number;
    readonly flops: number;
    readonly steps: number;
    readonly memory?: readonly [{ readonly gpuBytes?: number }, { readonly gpuBytes?: number }];
    readonly torch?: { readonly seconds: number; readonly device: string };
    readonly noTorch?: string;
  }[];
}

/** An evaluated row of the published table. */
export interface RowPart {
  readonly row: string;
  /** `finished`, or how far the training came. */
  readonly training: string;
  readonly grid: string;
  readonly steps: number;
  readonly medians: readonly AgreementRow[];
}

/** All that a call leaves. */
export interface Parts {
  readonly adapter?: {
    readonly name: string;
    readonly software: boolean;
    readonly vulkan?: string | null;
  };
  /** What is said of the call and the box: options, commit, versions. */
  readonly context: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
  /** Parts that were left out on purpose or for want of data. */
  readonly notes: readonly {
    readonly stage: string;
    readonly what: string;
    readonly why: string;
  }[];
  readonly posterior: readonly PosteriorPart[];
  readonly training: readonly TrainingPart[];
  readonly rows: readonly RowPart[];
}

/** One of the aims of the toolkit on an H100. */
export interface Target {
  readonly what: string;
  readonly target: string;
  readonly found: string;
  /** null: this run cannot tell. */
  readonly reached: boolean | null;
}

/** Content of gpu.json. */
export interface GpuReport extends Omit<Parts, "posterior" | "training"> {
  /** Why sizes are reduced; null if they are not. */
  readonly reduced: string | null;
  readonly stages: readonly {
    readonly stage: string;
    readonly outcome: string;
    readonly seconds: number;
  }[];
  readonly notRun: readonly { readonly what: string; readonly why: string }[];
  readonly targets: readonly Target[];
  /** PyTorch and its device, where the posterior ran beside it. */
  readonly peers: readonly string[];
  readonly posterior: PosteriorSummary;
  readonly training: readonly TrainingRow[];
}

/** The posterior's part of a {@linkcode GpuReport}. */
export interface PosteriorSummary {
  readonly float32PerSecond: number | null;
  readonly rates: readonly (NonNullable<PosteriorPart["rates"]>[number] & Comparison)[];
  readonly samples: readonly (NonNullable<PosteriorPart["samples"]>[number] & {
    readonly reached: boolean | null;
  })[];
}

/** A measurement beside PyTorch's. */
interface Comparison {
  /** Our speed over PyTorch's; null without PyTorch. */
  readonly ratio: number | null;
  readonly reached: boolean | null;
  /** The peer's device, or why there is none. */
  readonly peer: string;
}

/** A row of the training's part of a {@linkcode GpuReport}. */
export interface TrainingRow extends Comparison {
  readonly network: string;
  readonly width: number;
  readonly batch: number;
  readonly steps: number;
  readonly stepsPerSecond: number;
  readonly flopsPerSecond: number;
  readonly gpuBytes: readonly number[];
}

/** Stages in their order. */
export const stageNames = ["conformance", "posterior", "training", "rows"] as const;

/** Aims on an H100: speed over PyTorch's with float32 on the same GPU, and seconds of a sample. */
export const aims = { posterior: 10, training: 0.5, mnistSampleSeconds: 3 } as const;

function stageOutcome(steps: readonly Step[]): string {
  const bad = steps.filter(({ outcome }) => outcome !== "ok");
  for (const word of ["failed", "killed", "interrupted", "running", "time ran out", "not begun"]) {
    const found = bad.filter(({ outcome }) => outcome.startsWith(word)).length;
    if (found > 0) {
      return `${
        word === "not begun" ? "time ran out" : word
      }: ${bad.length} of ${steps.length} steps`;
    }
  }
  return "ok";
}

const isCpu = (device: string): boolean => device.startsWith("cpu");

/** Puts parts together and judges them. */
export function assemble(parts: Parts): GpuReport {
  const { adapter, context, steps, notes } = parts;
  const reduced = context.reduced ?? null;
  const telling = reduced === null && adapter !== undefined && !adapter.software;
  const asked = new Set((context.stages ?? stageNames.join()).split(","));

  const compare = (
    { ours, theirs, aim, device }: {
      readonly ours: number;
      readonly theirs: number | undefined;
      readonly aim: number;
      readonly device: string | undefined;
    },
  ): Comparison => {
    const ratio = theirs === undefined ? null : ours / theirs;
    const fair = telling && ratio !== null && device !== undefined && !isCpu(device);
    return { ratio, reached: fair ? ratio >= aim : null, peer: device ?? "none" };
  };

  const rates = parts.posterior.flatMap(({ rates = [], peer }) =>
    rates.map((rate) => ({
      ...rate,
      ...compare({
        ours: rate.pairsPerSecond,
        theirs: rate.peerPairsPerSecond,
        aim: aims.posterior,
        device: peer && "device" in peer ? peer.device : undefined,
      }),
    }))
  );
  const samples = parts.posterior.flatMap(({ samples = [] }) =>
    samples.map((sample) => ({
      ...sample,
      reached: telling && sample.images === "mnist" && sample.number >= 60_000
        ? sample.again < aims.mnistSampleSeconds
        : null,
    }))
  );
  const training = parts.training.flatMap(({ architecture, batch, results }) =>
    results.map(({ width, seconds, flops, steps, memory, torch }) => ({
      network: architecture,
      width,
      batch,
      steps,
      stepsPerSecond: 1 / seconds,
      flopsPerSecond: flops / seconds,
      gpuBytes: memory?.map(({ gpuBytes = 0 }) => gpuBytes) ?? [],
      ...compare({
        ours: 1 / seconds,
        theirs: torch && 1 / torch.seconds,
        aim: aims.training,
        device: torch?.device,
      }),
    }))
  );

  const reasons = new Set([
    ...parts.posterior.flatMap(({ peer }) => peer && "reason" in peer ? [peer.reason] : []),
    ...parts.training.flatMap(({ results }) =>
      results.flatMap(({ noTorch }) => noTorch === undefined ? [] : [noTorch])
    ),
  ]);
  const notRun = [
    ...stageNames.filter((stage) => !asked.has(stage))
      .filter((stage) => !steps.some((step) => step.stage === stage))
      .map((stage) => ({ what: `stage ${stage}`, why: "not asked for" })),
    ...stageNames.filter((stage) => asked.has(stage))
      .filter((stage) => !steps.some((step) => step.stage === stage))
      .map((stage) => ({ what: `stage ${stage}`, why: "not reached so far" })),
    ...steps.filter(({ outcome }) => outcome !== "ok")
      .map(({ name, outcome }) => ({ what: name, why: outcome })),
    ...notes.map(({ what, why }) => ({ what, why })),
    ...[...reasons].map((why) => ({ what: "PyTorch's side", why })),
  ];

  const stages = stageNames.flatMap((stage) => {
    const mine = steps.filter((step) => step.stage === stage);
    const seconds = mine.reduce((sum, step) => sum + step.seconds, 0);
    return mine.length === 0 ? [] : [{ stage, outcome: stageOutcome(mine), seconds }];
  });

  const times = (values: readonly { readonly ratio: number | null; readonly what: string }[]) => {
    const sorted = values.flatMap(({ ratio, what }) => ratio === null ? [] : [{ ratio, what }])
      .sort((a, b) => a.ratio - b.ratio);
    const [lowest, highest] = [sorted[0], sorted.at(-1)];
    return lowest && highest
      ? `${lowest.ratio.toFixed(2)} (${lowest.what}) to ${highest.ratio.toFixed(2)} times`
      : "no comparison";
  };
  const all = (values: readonly (boolean | null)[]) =>
    values.length === 0 || values.includes(null) ? null : values.every(Boolean);
  const compared = training.filter(({ ratio }) => ratio !== null);
  const mnist = samples.filter(({ images }) => images === "mnist");
  const targets: Target[] = [
    {
      what: "posterior beside PyTorch, every machine, k and C",
      target: `at least ${aims.posterior} times`,
      found: times(
        rates.map(({ ratio, machine, channels, k }) => ({
          ratio,
          what: `${machine} C = ${channels} k = ${k}`,
        })),
      ),
      reached: all(rates.map(({ reached }) => reached)),
    },
    {
      what: "20-step bbELS sample against all of MNIST",
      target: `under ${aims.mnistSampleSeconds} s`,
      found: mnist.map(({ again, number }) => `${again.toFixed(2)} s, ${number} images`).join() ||
        "none",
      reached: all(mnist.map(({ reached }) => reached)),
    },
    {
      what: "training steps beside PyTorch",
      target: `at least ${aims.training} times`,
      found: times(compared.map(({ ratio, network }) => ({ ratio, what: network }))),
      reached: all(compared.map(({ reached }) => reached)),
    },
  ];

  const peers = new Set(
    parts.posterior.flatMap(({ peer }) =>
      peer && "device" in peer ? [`PyTorch ${peer.torch} on ${peer.device}`] : []
    ),
  );
  const float32PerSecond = parts.posterior[0]?.float32PerSecond ?? null;
  return {
    ...adapter && { adapter },
    context,
    reduced,
    stages,
    steps,
    notes,
    notRun,
    targets,
    peers: [...peers],
    posterior: { float32PerSecond, rates, samples },
    training,
    rows: parts.rows,
  };
}
