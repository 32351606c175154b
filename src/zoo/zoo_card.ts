/** What is known of a network of the zoo, as plain data. */
import type { AgreementRow } from "../evaluation/agreement_table.ts";
import type { TimeGridName } from "../samplers/time_grid.ts";
import type { ZooFile, ZooSchedule } from "./zoo_index.ts";

/**
 * How well machines predict a network of the zoo at given times.
 *
 * @category Zoo
 */
export interface ZooAgreement {
  /** Times of the machines, and steps of the network. */
  readonly protocol: {
    /** How times are spread. */
    readonly grid: TimeGridName;
    /** Steps of the machines. */
    readonly steps: number;
    /** Steps of the network. */
    readonly networkSteps: number;
  };
  /** Images behind the machines that were evaluated. */
  readonly machineImages: number;
  /** What the schedules were calibrated with. */
  readonly calibration: {
    /** Images that a step was calibrated with, at most. */
    readonly images: number;
    /** Trajectories that a step was calibrated on, at most. */
    readonly samples: number;
    /** Seed of their noise. */
    readonly seed: number;
  };
  /** Samples that were compared. */
  readonly samples: number;
  /** Seed of their noise. */
  readonly seed: number;
  /** Medians with intervals, by machine and measure. */
  readonly medians: readonly Pick<
    AgreementRow,
    "machine" | "measure" | "median" | "low" | "high" | "level"
  >[];
}

/**
 * The card of a network of the zoo.
 *
 * @category Zoo
 */
export interface ZooCard {
  /** Name of the format. */
  readonly format: "els-zoo-card";
  /** Version of the format. */
  readonly version: 1;
  /** Name of the entry. */
  readonly name: string;
  /** Package and version that made the weights. */
  readonly toolkit: string;
  /** License of the weights. The data set has one of its own. */
  readonly license: string;
  /** The network. */
  readonly network: {
    /** Short name, such as "mnist-resnet-48x6". */
    readonly name: string;
    /** Architecture as the weights tell it. */
    readonly architecture: Readonly<Record<string, unknown>>;
    /** Number of parameters. */
    readonly parameters: number;
    /** Width in pixels of what an output pixel can depend on; null: the whole image. */
    readonly receptiveField: number | null;
    /** What it predicts: eps, x0 or v. */
    readonly predicts: string;
    /** What stands between network and noisy images. */
    readonly preconditioning: string;
    /** Name of its forward process. */
    readonly noiseSchedule: string;
  };
  /** What it was trained on. */
  readonly dataset: {
    /** Name in the registry. */
    readonly name: string;
    /** What the whole set holds. */
    readonly what: string;
    /** Its license or terms of use. */
    readonly license: string;
    /** The first so many images; null: all. */
    readonly images: number | null;
    /** SHA-256 of exactly these images, resized; null where the weights do not tell. */
    readonly sha256: string | null;
  };
  /** How it was trained. */
  readonly training: {
    /** The command that does it again, without how the toolkit is started. */
    readonly command: string;
    /** Steps. */
    readonly steps: number;
    /** Images per step. */
    readonly batchSize: number;
    /** Seed of everything random. */
    readonly seed: number;
    /** Minutes from its start to its end, beside whatever else ran; null where that is not known. */
    readonly minutes: number | null;
    /** What it was computed on. */
    readonly backend: string;
  };
  /** How well machines predict it; the main times first. */
  readonly agreement: readonly ZooAgreement[];
  /** What there is of it. */
  readonly files: {
    /** The network. */
    readonly weights: ZooFile;
    /** The schedules, in the order of `agreement`. */
    readonly schedules: readonly ZooSchedule[];
    /** The first samples at its main times as a picture: the network above, the theory's machine below. */
    readonly samples?: ZooFile;
  };
}
