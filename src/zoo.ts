/**
 * The zoo: trained networks in half precision with calibrated schedules of scales, to use at once.
 *
 * @example A network with its calibrated machines
 * ```ts
 * import { loadZooNetwork, loadZooSchedules, zooEntries } from "@els/toolkit/zoo";
 *
 * const [{ name } = { name: "" }] = zooEntries;
 * const { network, schedule } = await loadZooNetwork(name);
 * const schedules = await loadZooSchedules(name, { grid: "cubic", steps: 8 });
 * console.log(network.architecture.kind, schedule.name, schedules.map(({ machine }) => machine));
 * ```
 *
 * @module
 */
export {
  ArgumentError,
  DataFormatError,
  type ErrorDetails,
  type Remedy,
  ToolkitError,
  type Wording,
} from "./core/errors.ts";
export type { AgreementRow } from "./evaluation/agreement_table.ts";
export type { MachineName } from "./machines/machine_table.ts";
export type { ScaleSchedule } from "./machines/scale_schedule.ts";
export type { TrainedNetwork } from "./networks/weights/weights.ts";
export type { TimeGridName } from "./samplers/time_grid.ts";
export {
  loadZooCard,
  loadZooNetwork,
  loadZooSchedules,
  type LoadZooSchedulesOptions,
} from "./zoo/zoo.ts";
export type { ZooAgreement, ZooCard } from "./zoo/zoo_card.ts";
export type { ZooOptions } from "./zoo/zoo_files.ts";
export type { Classifier, ClassifierArchitecture } from "./networks/classifiers/classifier.ts";
export type { TrainedClassifier } from "./networks/classifiers/classifier_weights.ts";
export { classifierEntries, type ClassifierEntry, loadClassifier } from "./zoo/classifiers.ts";
export {
  zooEntries,
  type ZooEntry,
  type ZooFile,
  type ZooSchedule,
  type ZooTimes,
} from "./zoo/zoo_index.ts";
