import type { AnyResult, AnyWork } from "./posterior_kernel.ts";
import type { PosteriorPlan } from "../posterior_plan.ts";

/** Work for a worker. */
export interface ToWorker {
  /** Present when it differs from the last one that this worker got. */
  readonly plan?: PosteriorPlan;
  /** The images. */
  readonly work: AnyWork;
  /** `stop[0]` becomes 1 when the result is no longer wanted. */
  readonly stop: Int32Array;
  /** `pulse[0]`, in shared memory, is counted up with every part of the work. */
  readonly pulse?: Int32Array;
}

/** From a worker: it has started, has done the work (null: it was stopped), or could not. */
export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "done"; readonly result: AnyResult | null }
  | { readonly kind: "failed"; readonly message: string };
