/** WebAssembly that comes as text: builds of one module for different engines. */

/** A module in base64, as `deno task build:wasm` writes it. */
export interface WasmBuilds {
  /** For engines with SIMD. */
  readonly simd: string;
  /** For those that have fused multiply-add, too; absent where the module has no use for it. */
  readonly relaxed?: string;
}

/** Bytes of a build. */
export function wasmBytes(build: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(build), (character) => character.charCodeAt(0));
}

/** Bytes of the fastest build that this engine takes; undefined if it takes none. */
export function fastestBuild({ relaxed, simd }: WasmBuilds): Uint8Array<ArrayBuffer> | undefined {
  return [relaxed, simd].filter((build) => build !== undefined).map(wasmBytes)
    .find((bytes) => WebAssembly.validate(bytes));
}
