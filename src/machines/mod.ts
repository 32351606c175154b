/** Analytic denoisers: machines that load no TensorFlow.js. @module */
export type { Denoiser } from "../denoisers/denoiser.ts";
