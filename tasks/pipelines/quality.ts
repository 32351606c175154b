/** Quality as the command measures it: resumable in a run folder, part by part. */
import { type ImageBatch, sliceBatch, valuesPerImage } from "../../src/core/image_batch.ts";
import { isToolkitError } from "../../src/core/errors.ts";
import { explainTrajectory } from "../../src/evaluation/explain_trajectory.ts";
import {
  type LocalMemorization,
  localMemorization,
} from "../../src/evaluation/quality/local_memorization.ts";
import { memorization } from "../../src/evaluation/quality/memorization.ts";
import { nearestCopies } from "../../src/evaluation/quality/nearest_copies.ts";
import type { StoredTensor } from "../../src/formats/safetensors.ts";
import type { Machine } from "../../src/machines/patch_machine.ts";
import { ImageStore } from "../../src/runs/image_store.ts";
import { JsonlLog } from "../../src/runs/jsonl_log.ts";
import { initialNoise } from "../../src/samplers/initial_noise.ts";
import { samplers } from "../../src/samplers/samplers.ts";
import type { SamplingProtocol } from "../../src/samplers/sampling_protocol.ts";
import { timeGrid } from "../../src/samplers/time_grid.ts";
import type { FeatureKind, ImageFeatures } from "./quality_features.ts";
import {
  featureRows,
  type MeasureOptions,
  memorizationRows,
  patchRows,
  type QualityRow,
} from "./quality_rows.ts";
import { controlName, floorName, type MeasuredSet } from "./quality_sets.ts";
import type { Session } from "./session.ts";
import { storedTensors, takeImages } from "./share.ts";

/** File of features that took long. */
const featuresFile = (kind: string, set: string): string =>
  `features_${kind}_${set.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_")}.safetensors`;

/** Opens it. Of sets that were made in shards, these have the features. */
async function openFeatures(
  kind: FeatureKind,
  { set, images, width, made }: {
    readonly set: string;
    readonly images: ImageBatch;
    readonly width: number;
    /** Whether the set was made here, or in shards. */
    readonly made: boolean;
  },
  { run, progress, share }: Session,
): Promise<ImageStore> {
  const store = await ImageStore.open(run.file(featuresFile(kind.name, set)), {
    ...{ names: ["features"], samples: images.shape[0], imageShape: [1, 1, width] },
    whole: run.whole,
  });
  if (store.damage !== undefined) progress.note(store.damage);
  if (made) takeImages(store, share, { prefix: `${kind.name} of ${set}/` });
  return store;
}

/** The features of a shard's images that take long, as arrays of its file. */
export async function shardFeatures(
  kinds: readonly FeatureKind[],
  sets: readonly MeasuredSet[],
  session: Session,
): Promise<Map<string, StoredTensor>> {
  const tensors = new Map<string, StoredTensor>();
  const { abort, progress } = session;
  for (const kind of kinds.filter(({ slow }) => slow)) {
    for (const { name: set, images } of sets) {
      const bar = progress.start({
        ...{ label: `${kind.name} of ${set}`, total: images.shape[0], unit: "images" },
      });
      let size: number | undefined;
      const open = (width: number) =>
        openFeatures(kind, { set, images, width: size = width, made: true }, session);
      await kind.of(images, { abort, kept: open, onProgress: (some) => bar.update(some) });
      bar.finish();
      using store = await open(size!);
      const prefix = `${kind.name} of ${set}/`;
      for (const [name, tensor] of storedTensors(store, { prefix })) tensors.set(name, tensor);
    }
  }
  return tensors;
}

/** Nearest training images of a set. */
export interface SetNeighbors {
  readonly set: string;
  /** `[n, 2]`: the nearest two of each image. */
  readonly image: readonly number[];
  readonly distance: readonly number[];
}

/** Local memorization at one step of a machine. */
export interface LocalStep extends LocalMemorization {
  readonly set: string;
  readonly t: number;
  readonly patchSize: number;
}

/** Everything that was measured. */
export interface Quality {
  readonly rows: readonly QualityRow[];
  readonly neighbors: readonly SetNeighbors[];
  readonly local: readonly LocalStep[];
}

/** What is measured, and how. */
export interface QualityPlan {
  readonly sets: readonly MeasuredSet[];
  readonly heldOut: ImageBatch;
  readonly kinds: readonly FeatureKind[];
  readonly options: MeasureOptions;
  /** Pixels by which copies may be shifted. */
  readonly shift: number;
  /** Samples of each machine that are explained. */
  readonly explained: number;
  readonly machines: readonly { readonly name: string; readonly denoiser: Machine }[];
  readonly protocol: SamplingProtocol;
}

/** Parts of the work by name, each made once and kept in a log of the run. */
class KeptParts implements Disposable {
  readonly #log: JsonlLog;
  readonly #known: Map<string, unknown>;

  constructor(log: JsonlLog) {
    this.#log = log;
    this.#known = new Map(log.earlier.map(({ part, value }) => [String(part), value]));
  }

  async of<T>(part: string, make: () => Promise<T> | T): Promise<T> {
    if (this.#known.has(part)) return this.#known.get(part) as T;
    const value = await make();
    this.#log.append({ part, value });
    this.#log.sync();
    this.#known.set(part, value);
    return value;
  }

  [Symbol.dispose](): void {
    this.#log[Symbol.dispose]();
  }
}

/** Measures all sets, or goes on after the parts that the run has. */
export async function measureQuality(plan: QualityPlan, session: Session): Promise<Quality> {
  const { run, progress } = session;
  const log = await JsonlLog.open(run.file("measures.jsonl"));
  if (log.damage !== undefined) progress.note(log.damage);
  using parts = new KeptParts(log);
  const rows: QualityRow[] = [];
  for (const kind of plan.kinds) rows.push(...await rowsOfKind(kind, plan, { parts, session }));
  const { measures } = plan.options;
  if (measures.has("wasserstein")) {
    const bar = progress.start({ label: "sliced Wasserstein", total: plan.sets.length });
    for (const [i, { name, images }] of plan.sets.entries()) {
      rows.push(
        ...await parts.of(
          `wasserstein of ${name}`,
          () => patchRows(name, { own: images, heldOut: plan.heldOut }, plan.options),
        ),
      );
      bar.update(i + 1);
    }
    bar.finish();
  }
  const neighbors = measures.has("memorization")
    ? await neighborsOfAll(plan, { parts, session, rows })
    : [];
  const local = measures.has("local") ? await localSteps(plan, { parts, session }) : [];
  return { rows, neighbors, local };
}

/** What a part of the work is done with. */
interface Work {
  readonly parts: KeptParts;
  readonly session: Session;
}

async function rowsOfKind(
  kind: FeatureKind,
  { sets, heldOut, options }: QualityPlan,
  { parts, session }: Work,
): Promise<QualityRow[]> {
  const { progress, abort } = session;
  const total = heldOut.shape[0] + sets.reduce((sum, { images }) => sum + images.shape[0], 0);
  const bar = progress.start({ label: kind.name, total, unit: "images" });
  let done = 0;
  const featuresOf = async (
    set: string,
    { images, split = false }: { readonly images: ImageBatch; readonly split?: boolean },
  ): Promise<ImageFeatures> => {
    const before = done;
    const made = await kind.of(images, {
      abort,
      kept: (width) => openFeatures(kind, { set, images, width, made: split }, session),
      onProgress: (some) => bar.update(before + some),
    });
    bar.update(done = before + images.shape[0]);
    return made;
  };
  let held: Promise<ImageFeatures> | undefined;
  const rows: QualityRow[] = [];
  for (const { name, images } of sets) {
    rows.push(
      ...await parts.of(`${kind.name} of ${name}`, async () => {
        const reference = await (held ??= featuresOf("held-out", { images: heldOut }));
        const split = name !== floorName && name !== controlName;
        const own = await featuresOf(name, { images, split });
        return featureRows(name, { kind, own, heldOut: reference }, options);
      }),
    );
  }
  bar.finish();
  return rows;
}

/** Nearest training images of the sets and of as many held-out images; rows are added. */
async function neighborsOfAll(
  { sets, heldOut, shift }: QualityPlan,
  { parts, session: { data, progress, abort }, rows }: Work & { readonly rows: QualityRow[] },
): Promise<SetNeighbors[]> {
  // Other training images are among themselves: their nearest neighbor is the image itself.
  const generated = sets.filter(({ name }) => name !== floorName);
  const most = Math.max(0, ...generated.map(({ images }) => images.shape[0]));
  const control = sliceBatch(heldOut, 0, Math.min(heldOut.shape[0], Math.max(200, most)));
  const all = [{ name: "held-out", images: control }, ...generated];
  const bar = progress.start({
    label: "nearest training images",
    total: all.reduce((sum, { images }) => sum + images.shape[0], 0),
    unit: "images",
  });
  let before = 0;
  const found: SetNeighbors[] = [];
  for (const { name, images } of all) {
    found.push(
      await parts.of(`neighbors of ${name}`, async () => {
        const { image, distance } = await nearestCopies(images, data.images, {
          ...{ count: 2, shift, mirror: shift > 0, abort },
          onProgress: (done) => bar.update(before + done),
        });
        return { set: name, image: [...image], distance: [...distance] };
      }),
    );
    bar.update(before += images.shape[0]);
  }
  bar.finish();
  const neighborsOf = ({ distance }: SetNeighbors, count: number) => ({
    shape: [count, distance.length / count] as const,
    distance,
  });
  const held = neighborsOf(found[0]!, control.shape[0]);
  for (const [i, { name, images }] of all.entries()) {
    if (i === 0) continue;
    rows.push(
      ...memorizationRows(name, memorization(neighborsOf(found[i]!, images.shape[0]), held), {
        width: valuesPerImage(images),
      }),
    );
  }
  return found;
}

/** Machines whose images are tori. */
const tori: ReadonlySet<string> = new Set(["ES", "ELS", "ELS_wrapped"]);

/** What each machine copies at each step, of its first samples. */
async function localSteps(
  { machines, explained, protocol }: QualityPlan,
  { parts, session: { network, progress, abort } }: Work,
): Promise<LocalStep[]> {
  const { sampler, grid, steps, seed, labels } = protocol;
  if (explained === 0 || (samplers[sampler].predictions ?? 1) !== 1) return [];
  const { schedule } = network;
  const found: LocalStep[] = [];
  for (const { name, denoiser } of machines) {
    const bar = progress.start({ label: `explain ${name}`, total: 1 });
    const made = await parts.of(`local of ${name}`, async () => {
      const own: LocalStep[] = [];
      const { imageShape } = denoiser;
      try {
        await explainTrajectory(denoiser, {
          xT: initialNoise({ seed, samples: explained, imageShape, schedule }),
          times: timeGrid(grid, { steps, schedule }),
          sampleNumbers: Array.from({ length: explained }, (_, i) => i),
          ...{ sampler, seed, abort, top: 1 },
          ...labels && { labels: labels.slice(0, explained) },
          onProgress: (fraction) => bar.update(fraction),
          onStep: ({ t, explanation }) => {
            own.push({
              ...{ set: name, t, patchSize: explanation.patchSize },
              ...localMemorization(explanation, { wrap: tori.has(name) }),
            });
          },
        });
      } catch (error) {
        // Some machines have no patches to name.
        if (!isToolkitError(error) || !/^Cannot explain /.test((error as Error).message)) {
          throw error;
        }
        return [];
      }
      return own;
    });
    bar.finish();
    found.push(...made);
  }
  return found;
}
