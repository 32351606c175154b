/**
 * Where a result comes from: enough to make it again and to see that two results share a cause.
 *
 * @category Runs
 */
export interface Provenance {
  /** Name and version of this package. */
  readonly toolkit: string;
  /** Version of the runtime, such as "deno 2.9.6". */
  readonly runtime: string;
  /** Backend of the network, such as "wasm", with the adapter's name where there is one. */
  readonly networkBackend?: string;
  /** Backend of the machine's kernels, such as "wasm (2 workers)". */
  readonly machineBackend?: string;
  /** Seed of everything random. */
  readonly seed: number;
  /** The machine's training images. */
  readonly dataset?: {
    readonly name: string;
    readonly split: string;
    readonly images: number;
    readonly classes?: readonly number[];
    readonly sha256: string;
  };
  /** The network. */
  readonly network?: {
    readonly name: string;
    readonly sha256: string;
    readonly architecture: Readonly<Record<string, unknown>>;
  };
  /** The whole resolved configuration of the command. */
  readonly config: Readonly<Record<string, unknown>>;
}
