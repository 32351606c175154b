/**
 * Convolutional denoising networks by TensorFlow.js: a ResNet, a UNet and a UNet with self-attention,
 * their weights, also those of the public PyTorch code, and how far a network looks.
 *
 * @example A network without training, as a denoiser
 * ```ts
 * import {
 *   createNetwork,
 *   initialParameters,
 *   networkDenoiser,
 *   startBackend,
 * } from "@els/toolkit/networks";
 * import { createSchedule, imageBatch, Random } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * await startBackend("cpu");
 * const network = createNetwork({
 *   kind: "resnet",
 *   imageShape: [8, 8, 1],
 *   padding: "zeros",
 *   classes: 0,
 *   width: 8,
 *   layers: 2,
 *   kernelSize: 3,
 * });
 * const random = new Random(1);
 * const denoiser = networkDenoiser({
 *   network,
 *   parameters: initialParameters(network.parameters, random),
 *   schedule: createSchedule("cosine_legacy"),
 *   training: {},
 * });
 * const x = imageBatch(random.normals(8 * 8), [1, 8, 8, 1]);
 * const eps = await denoiser.predict(x, 0.5);
 * assertEquals(eps.shape, [1, 8, 8, 1]);
 * denoiser.dispose();
 * ```
 *
 * @module
 */
export {
  ArgumentError,
  ArgumentTypeError,
  CheckpointMismatchError,
  DataFormatError,
  DeviceUnavailableError,
  DivergedError,
  type ErrorDetails,
  type Remedy,
  ToolkitError,
  type Wording,
} from "./core/errors.ts";
export type { ImageBatch, ImageShape } from "./core/image_batch.ts";
export { Random, type RandomState } from "./core/random.ts";
export type { Denoiser, Prediction, PredictOptions } from "./denoisers/denoiser.ts";
export {
  type NetworkPrediction,
  type Preconditioning,
  type PreconditioningFactors,
  preconditioningFactors,
  preconditioningKinds,
  type TrainedPreconditioning,
} from "./denoisers/preconditioning.ts";
export type { TorchStateDict } from "./formats/torch_networks.ts";
export {
  type CandidateCheck,
  checkCandidates,
  type CheckCandidatesOptions,
} from "./networks/analysis/candidate_check.ts";
export {
  type Classifier,
  type ClassifierArchitecture,
  createClassifier,
} from "./networks/classifiers/classifier.ts";
export {
  readClassifier,
  type TrainedClassifier,
  writeClassifier,
} from "./networks/classifiers/classifier_weights.ts";
export {
  type Classified,
  classify,
  type ClassifyOptions,
} from "./networks/classifiers/classify.ts";
export {
  inceptionFeatures,
  type InceptionFeaturesOptions,
  inceptionProbabilities,
  type InceptionRows,
} from "./networks/inception/inception_features.ts";
export {
  type FoldedConv,
  type InceptionNetwork,
  publishedInceptionSha256,
  readInception,
} from "./networks/inception/inception_weights.ts";
export {
  measureAlongTrajectories,
  type MeasureAlongTrajectoriesOptions,
} from "./networks/analysis/field_along_trajectories.ts";
export {
  axisProfile,
  effectiveField,
  type FieldAtTime,
  type FieldProfile,
  fieldProfile,
  fieldShares,
  type ReceptiveField,
  receptiveFieldCsv,
} from "./networks/analysis/field_profile.ts";
export {
  type FieldPoint,
  measureReceptiveField,
  type MeasureReceptiveFieldOptions,
} from "./networks/analysis/receptive_field.ts";
export type {
  ArchitectureDefinition,
  ArchitectureField,
  BooleanField,
  ChoiceField,
  FieldOf,
  IntegerField,
  IntegersField,
  NumberField,
  NumbersField,
  OwnField,
} from "./networks/architectures/architecture_definition.ts";
export {
  type Architecture,
  architectureDefaults,
  architectureDefinitions,
  architectureFields,
  architectureKinds,
  type ArchitectureSizes,
  createNetwork,
  foreignArchitectureDefinitions,
  parseArchitecture,
  type TrainableArchitecture,
} from "./networks/architectures/architecture.ts";
export {
  attentionUnet,
  type AttentionUnetArchitecture,
} from "./networks/architectures/attention_unet.ts";
export {
  diffusersUnet,
  type DiffusersUnetArchitecture,
  diffusersUnetDefinition,
} from "./networks/architectures/diffusers_unet.ts";
export { resnet, type ResnetArchitecture } from "./networks/architectures/resnet.ts";
export { songUnet, type SongUnetArchitecture } from "./networks/architectures/song_unet.ts";
export { unet, type UnetArchitecture } from "./networks/architectures/unet.ts";
export {
  type BackendChoice,
  type BackendInfo,
  startBackend,
  type StartBackendOptions,
} from "./networks/backend.ts";
export type { Padding } from "./networks/layers/conv2d_implementation.ts";
export { timeEmbedding } from "./networks/layers/time_embedding.ts";
export type {
  ArchitectureBase,
  ForwardOptions,
  Network,
  NetworkInput,
} from "./networks/network.ts";
export { type NetworkDenoiser, networkDenoiser } from "./networks/network_denoiser.ts";
export { diffusersFiles } from "./networks/foreign/diffusers_export.ts";
export { writeOnnx } from "./networks/foreign/onnx/onnx.ts";
export type { NetworkFolder } from "./networks/foreign/foreign_network.ts";
export { type FolderNetwork, readNetworkFolder } from "./networks/foreign/foreign_networks.ts";
export { readAnyWeights } from "./networks/weights/any_weights.ts";
export {
  type FlatParameters,
  fromStateDict,
  initialParameters,
  parameterCount,
  type Parameters,
  type ParameterSpec,
  type StoredArray,
  toStateDict,
  unflatten,
} from "./networks/weights/parameters.ts";
export {
  networkFromTorch,
  readTorchWeights,
  type ReadTorchWeightsOptions,
} from "./networks/weights/torch_weights.ts";
export {
  readWeights,
  type ReadWeightsOptions,
  type TrainedNetwork,
  writeWeights,
} from "./networks/weights/weights.ts";
export {
  writeTorchWeights,
  type WriteTorchWeightsOptions,
} from "./networks/weights/write_torch_weights.ts";
export type { NoiseSchedule } from "./schedules/noise_schedule.ts";
