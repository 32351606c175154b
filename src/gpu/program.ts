/** Programs for the GPU as data: their text, what they bind, and the numbers that each run is told. @module */
import { repeat, wgsl } from "./wgsl.ts";

/** Names and types of the numbers that a run is told, in the order in which they lie in memory. */
export type ParamTypes = Readonly<Record<string, "f32" | "i32" | "u32">>;

/** A number for each name. */
export type ParamValues<P extends ParamTypes> = { readonly [Name in keyof P]: number };

/** An array that a program binds. */
export interface GpuArray {
  readonly name: string;
  /** Type of an element, such as `f32` or `vec4f`. */
  readonly element: string;
  /** Whether the program writes it. */
  readonly write?: boolean;
  /** What it holds, for whoever reads the program. */
  readonly holds?: string;
}

/** A program, compiled once on each device. */
export interface GpuProgram<P extends ParamTypes = ParamTypes> {
  /**
   * WGSL without its bindings; entry point `main`. It may use the names of `arrays`, and `params` as a struct
   * of the numbers.
   */
  readonly code: string;
  readonly arrays: readonly GpuArray[];
  readonly params: P;
}

/** Whether a run is told any number: binding 0 is theirs then, and the arrays follow. */
export function hasParams({ params }: GpuProgram): boolean {
  return Object.keys(params).length > 0;
}

/** The whole text of a program. */
export function programText(program: GpuProgram): string {
  const { code, arrays, params } = program;
  const fields = Object.entries(params).map(([name, type]) => `${name}: ${type},`);
  const first = hasParams(program) ? 1 : 0;
  return wgsl`
    ${
    first === 1 && wgsl`
      struct Params {
        ${fields}
      }
      @group(0) @binding(0) var<uniform> params: Params;
    `
  }
    ${
    repeat(arrays.length, (i) => {
      const { name, element, write, holds } = arrays[i]!;
      const access = write ? "read_write" : "read";
      return wgsl`
        ${holds !== undefined && `// ${holds}`}
        @group(0) @binding(${first + i}) var<storage, ${access}> ${name}: array<${element}>;
      `;
    })
  }

    ${code}
  ` + "\n";
}

/** Bytes from one run's numbers to the next: the largest alignment that a device may ask for. */
export const paramsStride = 256;

/** Writes the numbers of a run as its program reads them. */
export function packParams<P extends ParamTypes>(
  { params }: GpuProgram<P>,
  values: ParamValues<P>,
  { into, at = 0 }: { readonly into: DataView; readonly at?: number },
): void {
  Object.entries(params).forEach(([name, type], i) => {
    const value = values[name]!;
    if (type === "f32") into.setFloat32(at + 4 * i, value, true);
    else if (type === "u32") into.setUint32(at + 4 * i, value, true);
    else into.setInt32(at + 4 * i, value, true);
  });
}

/** Bytes that the numbers of a program take. */
export function paramBytes({ params }: GpuProgram): number {
  return 16 * Math.ceil(Object.keys(params).length / 4);
}

const programs = new Map<string, GpuProgram | undefined>();

/** The program that `build` writes for some plain data: its text may be long, so it is written once. */
export function programOf<T extends readonly unknown[], G extends GpuProgram | undefined>(
  build: (...what: T) => G,
  ...what: T
): G {
  const key = `${build.name} ${JSON.stringify(what)}`;
  if (!programs.has(key)) programs.set(key, build(...what));
  return programs.get(key) as G;
}
